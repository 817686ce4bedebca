"""NestJS' console logger.

Sample: ``[Nest] 1  - 11/21/2026, 1:02:03 AM     LOG [NestFactory] Starting Nest application...``.

Source: @nestjs/common's ConsoleLogger.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import layout

PARSER: Final = layout(
    "nestjs",
    rb"\[Nest\] \d",
    rb"\[Nest\] (?P<pid>\d{1,18}) +- (?P<time>[\d/.: ,]{10,24}(?:(?: |\xe2\x80\xaf)[AaPp]"
    rb"[Mm])?) +(?P<level>LOG|ERROR|WARN|DEBUG|VERBOSE|FATAL) "
    rb"(?:\[(?P<context>[^\]\n]{1,200})\] )?(?P<body>.*)",
    names={"pid": "process.pid"},
    integers=("process.pid",),
)
