"""Rust's tracing-subscriber in its default ("full") and compact text formats.

Samples: ``2026-11-21T12:51:40.801316Z  INFO request{id=7 path="/a b"}: shop::cart: listening port=8080 name="x y"``,
``2026-11-21T12:51:40.802781Z  WARN main ThreadId(01) shop: src/main.rs:16: slow``. It colours unless told not to.

The spans around an event are the attribute ``spans``, as they are written; pairs at the end become attributes. In the
compact format spans have no braces, and a single one cannot be told from the target.

Source: tracing_subscriber::fmt::format.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, layout
from streams.core.parsers.pairs import split_pairs
from streams.core.parsers.parsed import Fields

_FIELDS: Final = r'\{(?:[^{}"\n]++|"(?:[^"\\\\]++|\\\\.)*+")*+\}'
_NAME: Final = r"[^\s:{}=\"]{1,100}+(?:::[^\s:{}=\"]{1,100}+)*+"
_SPANS: Final = re.compile(rf"((?:{_NAME}(?:{_FIELDS})?+:(?!:))++) ")
_TARGET: Final = re.compile(r"([A-Za-z_]\w{0,100}(?:::\w{1,100})*+): ")
_PLACE: Final = re.compile(r"([^\s:]{1,300}\.rs):(\d{1,9}): ")
_THREAD: Final = re.compile(r"(?:([\w./-]{1,100}) +)?ThreadId\((\d{1,9})\) ")


def _context(event: Fields) -> None:
    text, found = event["body"], event["attributes"]
    thread = _THREAD.match(text)
    if thread:
        found |= {"thread.id": int(thread[2])} | ({"thread.name": thread[1]} if thread[1] else {})
        text = text[thread.end() :]
    spans = _SPANS.match(text)
    if spans and ("{" in spans[1] or ":" in spans[1][:-1].replace("::", "")):
        found["spans"] = spans[1][:-1]
        text = text[spans.end() :]
    target = _TARGET.match(text)
    if target:
        found["target"] = target[1]
        text = text[target.end() :]
    place = _PLACE.match(text)
    if place:
        found |= {"code.file.path": place[1], "code.line.number": int(place[2])}
        text = text[place.end() :]
    event["body"], pairs = split_pairs(text)
    event["attributes"] = pairs | found


PARSER: Final = layout(
    "tracing_subscriber",
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}Z (?:ERROR| WARN| INFO|DEBUG|TRACE) ",
    rb"(?P<time>"
    + DATE
    + rb"T"
    + CLOCK
    + rb"\.\d{6,9}Z) (?:(?= [WI]) |)(?P<level>ERROR|(?<=  )WARN|(?<=  )INFO|DEBUG|TRACE) (?P<body>.*)",
    finish=_context,
)
