"""Go's standard logger, with and without prefix, file and level.

Samples: ``2026/11/21 12:51:27 listening``, ``2026/11/21 12:51:27 INFO via std n=1`` (log/slog's default handler),
``2026/11/21 12:51:27 [WARN] agent: slow`` (HashiCorp's older programs), ``api: 2026/11/21 12:51:27.915277 main.go:113:
msg``, ``ERROR: 2026/11/21 12:51:27 msg``.

nginx begins the lines of its error log with the same time; those are none of Go's.

Source: Go's package log (Lshortfile, Lmicroseconds, Lmsgprefix) and log/slog's defaultHandler.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers.layout import CLOCK, LEVEL, layout

_TIME: Final = rb"(?P<time>\d{4}/\d\d/\d\d " + CLOCK + rb"(?:\.\d{6})?) "
_FILE: Final = rb"(?:(?P<file>[^\s:]{1,300}\.go):(?P<line>\d{1,9}): )?"
_nginx: Final = re.compile(rb"\S{10} \S{8} \[[a-z]{4,6}\] \d{1,10}#\d{1,10}: ").match


def _is_of_nginx(content: bytes) -> bool:
    return _nginx(content) is not None


PARSER: Final = layout(
    "go_log",
    rb"(?:\[?[A-Za-z][\w.\[\]-]{0,30}+:? )?\d{4}/\d\d/\d\d \d\d:\d\d:\d\d[. ]",
    rb"(?P<level>" + LEVEL + rb"):? " + _TIME + _FILE + rb"(?P<body>.*)",
    rb"(?:(?P<prefix>\[?[A-Za-z][\w.\[\]-]{0,30}+:?) )?"
    + _TIME
    + _FILE
    + rb"(?:\[?(?P<level>"
    + LEVEL
    + rb")\]?:?(?: +|\Z))?(?P<body>.*)",
    names={"file": "code.file.path", "line": "code.line.number"},
    integers=("code.line.number",),
    unless=_is_of_nginx,
)
