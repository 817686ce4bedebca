"""A full time, a level in capitals, a message: what programs print that have made up a layout of their own.

Samples: ``2026-11-21 01:02:03 ERROR cannot open``, ``2026-11-21T01:02:03.123Z [WARN] slow``,
``2026-11-21 01:02:03,123 INFO: started``, ``[2026-11-21 01:02:03] ERROR no``.

Lines that fit a format which says more are that format's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
from streams.core.parsers.parsed import Parser

_Question = Callable[[bytes], object]
"""Whether lines may be of some formats, and how each of these reads."""


def _richer(*parsers: Parser) -> tuple[_Question, tuple[_Question, ...]]:
    signatures = re.compile(b"|".join(parser.signature for parser in parsers), re.DOTALL)
    return signatures.match, tuple(parser.read for parser in parsers)


_IN_BRACKETS: Final = _richer(kafka.PARSER, log4js.PARSER, pino_pretty.PARSER, python_logging.PARSER)
_SELDOM: Final = _richer(spring_boot.PARSER, tracing_subscriber.PARSER, hclog.PARSER, wildfly.PARSER)
_OFTEN: Final = _richer(log4j.PARSER)


def _says_more(content: bytes) -> bool:
    for may_be, reads in (_IN_BRACKETS,) if content[:1] == b"[" else (_SELDOM, _OFTEN):
        if may_be(content) is not None and any(read(content) is not None for read in reads):
            return True
    return False


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
