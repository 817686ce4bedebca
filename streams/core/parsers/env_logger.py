"""Rust's env_logger.

Samples: ``[2026-11-21T12:51:40Z ERROR shop::cart] failed``, ``[2026-11-21T12:51:40.798Z INFO  shop] msg``,
``[WARN  shop] slow`` (without time).

Source: env_logger's fmt::DefaultFormat.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, layout

PARSER: Final = layout(
    "env_logger",
    rb"\[(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]{0,10}Z )?(?:ERROR|WARN |INFO |DEBUG|TRACE) [\w:]",
    rb"\[(?:(?P<time>"
    + DATE
    + rb"T"
    + CLOCK
    + rb"(?:\.\d{3,9})?Z) )?(?P<level>ERROR(?!  )|WARN(?=  )|INFO(?=  )|DEBUG(?!  )|TRACE(?!  )) {1,2}"
    rb"(?P<target>\w[\w:.-]{0,200})\] (?P<body>.*)",
)
