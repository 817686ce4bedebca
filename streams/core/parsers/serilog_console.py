"""Serilog (.NET) in the default templates of its console and file sinks.

Samples: ``[01:02:03 INF] Now listening on: http://[::]:8080`` (console),
``2026-11-21 01:02:03.123 +00:00 [WRN] slow`` (file). Serilog's Verbose is below its Debug.

Source: serilog-sinks-console and serilog-sinks-file, DefaultConsoleOutputTemplate and DefaultOutputTemplate.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, layout

_LEVEL: Final = rb"(?P<level>VRB|DBG|INF|WRN|ERR|FTL)"

PARSER: Final = layout(
    "serilog_console",
    rb"\[(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(?:\.\d{3})? [A-Z]{3}\]|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [+-]"
    rb"\d\d:\d\d \[[A-Z]{3}\]",
    rb"\[(?P<time>(?:" + DATE + rb" )?" + CLOCK + rb"(?:\.\d{3})?) " + _LEVEL + rb"\] (?P<body>.*)",
    rb"(?P<time>" + DATE + rb" " + CLOCK + rb"\.\d{3} [+-]\d\d:\d\d) \[" + _LEVEL + rb"\] (?P<body>.*)",
)
