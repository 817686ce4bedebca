"""A full time, a level in capitals, a message: what programs print that have made up a layout of their own.

Samples: ``2026-11-21 01:02:03 ERROR cannot open``, ``2026-11-21T01:02:03.123Z [WARN] slow``,
``2026-11-21 01:02:03,123 INFO: started``, ``[2026-11-21 01:02:03] ERROR no``.

Lines that fit a format which says more are that format's.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers import (
    hclog,
    kafka,
    log4j,
    log4js,
    pino_pretty,
    python_logging,
    spring_boot,
    tracing_subscriber,
    wildfly,
)
from streams.core.parsers.layout import DATE_TIME, LEVEL, layout

_IN_BRACKETS: Final = tuple(parser.PARSER.read for parser in (kafka, log4js, pino_pretty, python_logging))
_OTHERS: Final = tuple(parser.PARSER.read for parser in (log4j, spring_boot, tracing_subscriber, hclog, wildfly))


def _says_more(content: bytes) -> bool:
    others = _IN_BRACKETS if content[:1] == b"[" else _OTHERS
    return any(read(content) is not None for read in others)


PARSER: Final = layout(
    "time_level",
    rb"\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.,: Z+-]{0,17}\]? +\[?[A-Z]{3,9}(?:[\] :]|\Z)",
    rb"(?P<bracket>\[)?(?P<time>"
    + DATE_TIME
    + rb")(?(bracket)\]) +(?P<open>\[)?(?P<level>"
    + LEVEL
    + rb") *(?(open)\]):?(?: +|\Z)(?P<body>.*)",
    unless=_says_more,
)
