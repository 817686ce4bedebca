"""Log4js (Node) in its basic and coloured layouts.

Sample: ``[2026-11-21T12:52:40.272] [WARN] cheese - Cheese is smelly``. MARK, a message to be found
again, is information.

Source: log4js-node docs/layouts.md.
"""

from __future__ import annotations

from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.layout import CLOCK, DATE, layout

PARSER: Final = layout(
    "log4js",
    rb"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\] \[[A-Z]{4,5}\] ",
    rb"\[(?P<time>"
    + DATE
    + rb"T"
    + CLOCK
    + rb"\.\d{3})\] \[(?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL|MARK)\] (?P<category>[^\n]{1,200}?) - "
    rb"(?P<body>.*)",
    levels={**SEVERITY_BY_BYTES, b"MARK": SEVERITY_BY_BYTES[b"INFO"]},
)
