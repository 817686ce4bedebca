"""NLog (.NET) in its default layout.

Sample: ``2026-11-21 01:02:03.1234|WARN|Shop.Cart|slow``.

Source: NLog's documentation of targets:
``${longdate}|${level:uppercase=true}|${logger}|${message:withexception=true}``.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, layout

PARSER: Final = layout(
    "nlog",
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{4}\|",
    rb"(?P<time>"
    + DATE
    + rb" "
    + CLOCK
    + rb"\.\d{4})\|(?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL|Trace|Debug|Info|Warn|Error|Fatal)\|"
    rb"(?P<logger>[^|\n]{0,300})\|(?P<body>.*)",
)
