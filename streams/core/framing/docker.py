r"""Framing ``docker``: lines of Docker's json-file driver.

Sample: ``{"log":"hello\n","stream":"stdout","attrs":{"env":"prod"},"time":"2026-11-21T01:02:03.000000004Z"}``. ``log``
is the text with its line end; Docker cuts lines at 16 KiB, and a piece without line end goes on in the next line of its
stream. Bytes that were not UTF-8 are U+FFFD already. ``attrs`` (labels and variables that the driver was told to add)
become the attribute ``docker.attrs``. Source: moby, daemon/logger/jsonfilelog (jsonlog/jsonlogbytes.go).

After a crash of the machine or a full disk a line may be torn, or a hole of zero bytes stand in the file, and the next
line begin right behind: quotes inside a line are escaped, so ``{"log":"`` can only be the beginning of one.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from streams.core.framing.cri import STREAMS
from streams.core.framing.line import Line, LineFraming
from streams.core.rfc3339 import timestamp_nanos

LINE_MAX_BYTES: Final = 1024 * 1024
"""Docker's own lines are shorter: 16 KiB, six times longer with every byte escaped, and what it adds."""

_BEGINNING: Final = b'{"log":"'
_STREAMS: Final = {name: raw for raw, name in STREAMS.items()} | {None: b""}


def parse_line(line: bytes) -> Line | None:
    """The parts of a line; None when Docker wrote no such line."""
    try:
        found: Any = orjson.loads(line)
        log, time, stream = found["log"], found["time"].encode(), _STREAMS[found.get("stream")]
        content = log.encode()
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
        return None
    if timestamp_nanos(time) is None:
        return None
    attributes = {"docker.attrs": found["attrs"]} if found.get("attrs") else None
    if content[-1:] == b"\n":
        return Line(time, stream, False, content[:-1], (), attributes)  # noqa: FBT003 - a field of a tuple
    return Line(time, stream, True, content, (), attributes)  # noqa: FBT003 - a field of a tuple


def _resumes_at(line: bytes) -> int:
    """Where the whole line behind a torn one begins."""
    at = line.rfind(_BEGINNING)
    return at if at > 0 and parse_line(line[at:]) is not None else 0


FRAMING: Final = LineFraming(
    parse_line,
    lambda _content: None,
    "not a line as Docker's json-file driver writes it",
    resumes_at=_resumes_at,
    line_max_bytes=LINE_MAX_BYTES,
)
