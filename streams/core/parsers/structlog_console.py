"""Python's structlog as it prints for developers.

Sample: ``2026-11-21T12:52:16.440417Z [info     ] hello                          a=1 b='x y'``.

Pairs that reach to the end of the line become attributes; a value is what Python's repr wrote, without its quotes.

Source: structlog.dev.ConsoleRenderer.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers.layout import DATE_TIME, layout
from streams.core.parsers.parsed import Fields

_START: Final = re.compile(r"(?<! ) ++(?=[\w.]{1,100}=)")
_PAIR: Final = re.compile(r"([\w.]{1,100})=('(?:[^'\\\\]++|\\\\.)*+'|\"(?:[^\"\\\\]++|\\\\.)*+\"|[^\s'\"]\S*+)(?: |\Z)")


def _pairs(event: Fields) -> None:
    text, feed, rest = event["body"].partition("\n")
    start = _START.search(text)
    if start is None:
        event["body"] = text.rstrip(" ") + feed + rest
        return
    position, found = start.end(), {}
    while pair := _PAIR.match(text, position):
        found[pair[1]] = pair[2][1:-1] if pair[2][0] in "'\"" else pair[2]
        position = pair.end()
    if position == len(text):
        event["body"] = text[: start.start()] + feed + rest
        event["attributes"] |= found


PARSER: Final = layout(
    "structlog_console",
    rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.,: Z+-]{0,17} \[[a-z]{4,8} +\] ",
    rb"(?P<time>" + DATE_TIME + rb") \[(?P<level>debug|info|warning|error|critical|exception|notset) +\] (?P<body>.*)",
    finish=_pairs,
)
