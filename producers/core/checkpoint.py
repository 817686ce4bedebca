"""What a producer remembers between two lives of itself: how far each incarnation is acknowledged.

The text form carries a checksum. One that does not fit is never trusted; reading then begins anew, which repeats
records but neither loses nor doubles them, since record ids are computed from incarnation and offset.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from typing import Final

VERSION: Final = 2


@dataclass
class Mark:
    """How far one incarnation is acknowledged."""

    source_id: str
    path: str
    offset: int
    """Everything before it has been acknowledged by Kafka."""
    size: int
    """How long the file was known to be."""
    ended: bool
    """It was read to its end, and will not grow."""
    open_streams: dict[str, str]
    """Streams whose last line before ``offset`` is partial, each with that line's timestamp."""
    seen_at: float
    """When a file of this incarnation was last there, in seconds since 1970."""


Marks = dict[str, Mark]
"""Incarnation (16 hexadecimal digits) -> mark."""


def to_text(marks: Marks) -> str:
    """The checkpoint as it is written to disk."""
    body = json.dumps({incarnation: asdict(mark) for incarnation, mark in marks.items()}, separators=(",", ":"))
    return f"logferry-checkpoint {VERSION} {zlib.crc32(body.encode()):08x}\n{body}\n"


def from_text(text: str) -> Marks | None:
    """The marks of a checkpoint; None when it is damaged or of another version."""
    head, _, body = text.partition("\n")
    body = body.rstrip("\n")
    if head != f"logferry-checkpoint {VERSION} {zlib.crc32(body.encode()):08x}":
        return None
    try:
        return {incarnation: Mark(**fields) for incarnation, fields in json.loads(body).items()}
    except (ValueError, TypeError, AttributeError):
        return None


def forget_old(marks: Marks, now: float, keep_secs: float) -> None:
    """Drop marks of ended incarnations whose files have been gone for ``keep_secs``."""
    for incarnation in [key for key, mark in marks.items() if mark.ended and now - mark.seen_at > keep_secs]:
        del marks[incarnation]
