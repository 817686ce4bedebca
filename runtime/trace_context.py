"""Which chunks are traced, and how their records say so: W3C Trace Context in a Kafka header. Pure.

::

    traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01

The trace id is a hash over incarnation and offset, so a chunk that is sent again, whoever sends it, is the same trace;
and it decides itself whether it is traced. Records of chunks that are not traced have no such header. This has nothing
to do with the trace ids that programs write into their lines.

Source: W3C Trace Context, level 1, section 3.2 (traceparent).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

HEADER: Final = "traceparent"
_RANDOM_BITS: Final = 56
"""Of a trace id those on the right, which sampling goes by (level 2, section 3.2.2.3.1)."""
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])(?:-.*)?"
)


class SpanRef(NamedTuple):
    """A span of a traced chunk, as others name it."""

    trace: int
    """128 bits."""
    span: int
    """64 bits."""


def trace_of(incarnation: bytes, offset: int) -> int:
    """The trace id of a chunk."""
    return int.from_bytes(blake2b(incarnation + offset.to_bytes(8, "big"), digest_size=16).digest(), "big") or 1


def is_chosen(trace: int, one_in: int) -> bool:
    """Whether a chunk is one of those that are traced; what is chosen for 1 in 100 is chosen for 1 in 10 as well."""
    return (trace & ((1 << _RANDOM_BITS) - 1)) * one_in < 1 << _RANDOM_BITS


def header_of(ref: SpanRef) -> tuple[str, bytes]:
    """The header of a record that a span has sent."""
    return HEADER, b"00-%032x-%016x-01" % ref


def parent_of(headers: Iterable[tuple[str, bytes | str | None]] | None) -> SpanRef | None:
    """The span that sent a record; None: it is not traced, or its header is none."""
    for name, value in headers or ():
        if name == HEADER:
            found = _TRACEPARENT.fullmatch(value) if isinstance(value, bytes) else None
            if found is None or not int(found[3], 16) & 1:
                return None
            return SpanRef(int(found[1], 16), int(found[2], 16))
    return None
