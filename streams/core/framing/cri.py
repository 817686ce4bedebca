"""Framing ``cri``: lines as container runtimes write them (Kubernetes CRI logging format).

``<timestamp> <stream> <tags> <content>``, for example ``2026-11-21T01:02:03.000000004Z stdout F hello``. The timestamp
is RFC 3339 with up to nine decimals, the stream stdout or stderr, tags are joined by colons and the first is F (full)
or P (partial: the line goes on in the next one of its stream). Content is everything behind the third space.
Source: kubernetes/design-proposals-archive, node/kubelet-cri-logging.md.
"""

from __future__ import annotations

from typing import Final

from streams.core.framing.line import Line, LineFraming, LongLine, Verbatim
from streams.core.rfc3339 import timestamp_nanos

STREAMS: Final = {b"stdout": "stdout", b"stderr": "stderr"}


def parse_line(line: bytes) -> Line | None:
    """The parts of a line without its line end; None when it is no CRI line."""
    fields = line.split(b" ", 3)
    if len(fields) < 3 or fields[1] not in STREAMS:
        return None
    tag = fields[2].split(b":", 1)[0]
    if tag not in (b"F", b"P") or timestamp_nanos(fields[0]) is None:
        return None
    return Line(fields[0], fields[1], tag == b"P", fields[3] if len(fields) == 4 else b"")


def _begin(content: bytes) -> tuple[Line, LongLine] | None:
    line = parse_line(content)
    return None if line is None else (line, LongLine(line._replace(content=b""), Verbatim()))


FRAMING: Final = LineFraming(parse_line, _begin, "not a line as a container runtime writes it")
