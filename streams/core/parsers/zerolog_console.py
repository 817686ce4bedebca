"""Zerolog's ConsoleWriter.

Samples: ``12:51PM INF main.go:67 > hello world a="b c"``, ``2026-11-21T12:51:27Z WRN slow error=EOF``.

Pairs at the end of the line become attributes.

Source: rs/zerolog console.go.
"""

from __future__ import annotations

from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.layout import CLOCK, DATE, ZONE, layout
from streams.core.parsers.pairs import split_pairs
from streams.core.parsers.parsed import Fields


def _pairs(event: Fields) -> None:
    event["body"], found = split_pairs(event["body"])
    event["attributes"] = found | event["attributes"]


PARSER: Final = layout(
    "zerolog_console",
    rb"(?:\d{1,2}:\d\d[AP]M|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S{1,16}|<nil>) (?:[A-Z]{3}|\?\?\?) ",
    rb"(?P<time>\d{1,2}:\d\d[AP]M|"
    + DATE
    + rb"T"
    + CLOCK
    + ZONE
    + rb"|<nil>) (?:(?P<level>TRC|DBG|INF|WRN|ERR|FTL|PNC)|\?\?\?) "
    rb"(?:(?P<file>\S{1,200}):(?P<line>\d{1,9}) > )?(?P<body>.*)",
    names={"file": "code.file.path", "line": "code.line.number"},
    integers=("code.line.number",),
    levels={**SEVERITY_BY_BYTES, b"PNC": SEVERITY_BY_BYTES[b"PANIC"]},
    finish=_pairs,
)
