"""Pino's lines as pino-pretty shows them.

Samples: ``[12:52:40.238] INFO (25168): listening``, ``[2026-11-21 12:52:40.238 +0000] ERROR (shop/7 on host): failed``.
The fields, in lines behind it, stay in the message.

Source: pino-pretty's prettifyMetadata and its documentation of ``translateTime``.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, ZONE, layout

PARSER: Final = layout(
    "pino_pretty",
    rb"\[(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d\.\d{3}[^\]\n]{0,8}\] [A-Z]{4,5} ?[(:]",
    rb"\[(?P<time>(?:"
    + DATE
    + rb"[ T])?"
    + CLOCK
    + rb"\.\d{3}"
    + ZONE
    + rb"?+)\] (?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL)"
    rb"(?: \((?:(?P<name>[^()/\s]{1,100})/)?(?P<pid>\d{1,18})(?: on (?P<host>[^()\s]{1,255}))?\))?: ?(?P<body>.*)",
    names={"pid": "process.pid", "host": "host.name"},
    integers=("process.pid",),
)
