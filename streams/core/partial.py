"""The beginning of a record whose end has not come, and the contents that are made of it: whole, or in parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from streams.core.framing.attributes import Attributes
from streams.core.groups import Content, Head
from streams.core.rfc3339 import timestamp_nanos

Work = TypeVar("Work")


@dataclass
class Partial(Generic[Work]):
    """The beginning of a record whose end has not come."""

    work: Work
    """The chunk it began in."""
    offset: int
    timestamp: bytes
    waiting_since: float
    """When its latest piece came, by the clock of whoever feeds chunks in."""
    latest: bytes
    """Timestamp of its latest piece."""
    attributes: Attributes | None = None
    """What its writer says beside the content."""
    content: bytearray = field(default_factory=bytearray)
    parts: int = 0
    """Parts that were emitted already because the record is longer than the limit."""
    head: Head | None = None
    """What the first of those parts decided."""
    last: Work | None = None
    """The chunk in which its latest piece began."""
    end: int = 0
    """Position of that piece."""


def is_late(first: bytes, latest: bytes, timeout: int) -> bool:
    """Whether more than ``timeout`` nanoseconds lie between two timestamps as a runtime writes them."""
    begin, end = timestamp_nanos(first), timestamp_nanos(latest)
    return begin is not None and end is not None and end - begin > timeout


def finish(partial: Partial[Work], stream: bytes, *, incomplete: bool = False) -> Content[Work]:
    """The whole content, or the last part of it."""
    flags = (("split",) if partial.parts else ()) + (("incomplete",) if incomplete else ())
    return _part(partial, stream, bytes(partial.content), flags)


def split_off(partial: Partial[Work], stream: bytes, limit: int) -> Content[Work]:
    """The next part of a content that is longer than ``limit`` bytes, cut between UTF-8 characters."""
    length, shortest = limit, max(0, limit - 4)
    while length > shortest and partial.content[length] & 0xC0 == 0x80:
        length -= 1
    length = length if length > shortest else limit
    partial.head = partial.head or Head()
    part = _part(partial, stream, bytes(partial.content[:length]), ("split",))
    del partial.content[:length]
    partial.parts += 1
    return part


def _part(partial: Partial[Work], stream: bytes, text: bytes, flags: tuple[str, ...]) -> Content[Work]:
    return Content(
        partial.work,
        partial.offset + partial.parts,
        partial.timestamp,
        stream,
        text,
        flags,
        partial.attributes,
        partial.head,
        partial.parts,
        partial.last,
        partial.end,
    )
