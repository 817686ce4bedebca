"""Zap's console encoding, with tabs between the columns: Go programs in development mode, and many operators.

Samples (tabs as blanks): ``2026-11-21T12:51:27.914Z INFO go/main.go:48 listening {"addr": ":8080"}``,
``2026-11-21T12:51:27Z INFO setup starting manager``, ``1.7952654879148152e+09 info go/main.go:56 msg {"n": 2}``.

Columns are time, level, perhaps the logger, perhaps the caller, message, perhaps an object with the fields. Lines
behind are a stack trace, the attribute ``stacktrace``.

Source: zapcore's console_encoder.go.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

from streams.core.parsers.layout import DATE_TIME, layout
from streams.core.parsers.parsed import Fields

_CALLER: Final = re.compile(r"(\S{1,300}):(\d{1,9})")
_LEVEL: Final = rb"(?:DEBUG|INFO|WARN|ERROR|DPANIC|PANIC|FATAL|debug|info|warn|error|dpanic|panic|fatal)"


def _columns(event: Fields) -> None:
    text, _, stack = event["body"].partition("\n")
    columns, found = text.split("\t"), event["attributes"]
    if len(columns) > 1 and columns[-1][:1] == "{":
        try:
            found |= orjson.loads(columns[-1])
            columns.pop()
        except orjson.JSONDecodeError:
            pass  # a message that looks like an object
    for place in (0, 1):
        caller = _CALLER.fullmatch(columns[place]) if len(columns) > place + 1 else None
        if caller:
            found |= {"code.file.path": caller[1], "code.line.number": int(caller[2])}
            del columns[place]
            break
    if len(columns) > 1 and " " not in columns[0]:
        found["logger"] = columns.pop(0)
    event["body"] = "\t".join(columns)
    if stack:
        found["stacktrace"] = stack


PARSER: Final = layout(
    "zap_console",
    rb"\d(?:\d{3}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.,: Z+-]{0,17}|\.\d{1,17}e\+\d\d)\t[A-Za-z]{4,6}\t",
    rb"(?P<time>" + DATE_TIME + rb"|\d\.\d{1,17}e\+\d\d)\t(?P<level>" + _LEVEL + rb")\t(?P<body>.*)",
    finish=_columns,
)
