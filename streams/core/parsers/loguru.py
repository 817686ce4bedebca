"""Python's loguru in its default format.

Sample: ``2026-11-21 12:52:16.526 | WARNING  | app.shop:checkout:8 - slow``.

Source: loguru._defaults.LOGURU_FORMAT.
"""

from __future__ import annotations

from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.layout import CLOCK, DATE, LEVEL, layout

LEVELS: Final = {**SEVERITY_BY_BYTES, b"SUCCESS": SEVERITY_BY_BYTES[b"NOTICE"]}
"""SUCCESS is 25, between INFO and WARNING; other programs name outcomes so, not levels."""

PARSER: Final = layout(
    "loguru",
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| ",
    rb"(?P<time>"
    + DATE
    + rb" "
    + CLOCK
    + rb"\.\d{3}) \| (?P<level>"
    + LEVEL
    + rb") *\| (?P<logger>[^\s:]{1,200}):(?P<function>[^\s:]{1,200}):"
    rb"(?P<line>\d{1,9}) - (?P<body>.*)",
    names={"function": "code.function.name", "line": "code.line.number"},
    integers=("code.line.number",),
    levels=LEVELS,
)
