"""Logrus on a terminal, and where colours are forced.

Samples: ``INFO[0000] hello                                         a=1`` (seconds since the start),
``WARN[2026-11-21T12:51:27Z] hello   a=1``. Elsewhere logrus' lines are of the formats logfmt and json.

Source: sirupsen/logrus text_formatter.go, printColored.
"""

from __future__ import annotations

from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.layout import DATE_TIME, layout
from streams.core.parsers.pairs import split_pairs
from streams.core.parsers.parsed import Fields


def _pairs(event: Fields) -> None:
    event["body"], found = split_pairs(event["body"].rstrip(" "))
    event["attributes"] = found | event["attributes"]


PARSER: Final = layout(
    "logrus_console",
    rb"[A-Z]{4}\[\d{4}",
    rb"(?P<level>TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[(?P<time>\d{4,10}|" + DATE_TIME + rb")\] ?(?P<body>.*)",
    levels={
        **SEVERITY_BY_BYTES,
        b"TRAC": SEVERITY_BY_BYTES[b"TRACE"],
        b"FATA": SEVERITY_BY_BYTES[b"FATAL"],
        b"PANI": SEVERITY_BY_BYTES[b"PANIC"],
    },
    finish=_pairs,
)
