"""Gunicorn's and Hypercorn's error log.

Sample: ``[2026-11-21 12:53:01 +0000] [25249] [INFO] Listening at: http://127.0.0.1:8000 (25249)``.

Source: gunicorn.glogging.Logger.error_fmt.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, layout

_START: Final = rb"\[(?P<time>" + DATE + rb" " + CLOCK + rb" [+-]\d{4})\] \[(?P<pid>\d{1,18})\] "

PARSER: Final = layout(
    "gunicorn",
    rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d{1,18}\] \[",
    _START + rb"\[(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL)\] ?(?P<body>.*)",
    names={"pid": "process.pid"},
    integers=("process.pid",),
)
