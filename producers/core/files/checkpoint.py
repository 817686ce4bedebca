"""What a producer remembers between two lives of itself: how far each incarnation is acknowledged.

Each mark is kept as a line of text with a checksum. One that does not fit is never trusted; reading then begins anew,
which loses nothing. Lines of containers keep their ids, since those are computed; other lines get new ones.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from producers.core.files.days import Days

OpenStreams = dict[str, str]
"""Stream whose last line is partial -> that line's timestamp."""

TAIL_BYTES: Final = 64
"""So many bytes before a position tell whether a file still holds what was read there."""


@dataclass(slots=True)
class Mark:
    """How far one incarnation is acknowledged, and what it is recognised by."""

    source_id: str
    path: str
    offset: int
    """Everything before it has been acknowledged by Kafka."""
    size: int
    """How long the file was known to be."""
    ended: bool = False
    """It was read to its end, and will not grow."""
    open_streams: OpenStreams = field(default_factory=dict)
    """Streams whose last line before ``offset`` is partial, each with that line's timestamp."""
    seen_at: float = 0.0
    """When a file of this incarnation was last there, in seconds since 1970."""
    inode: int = 0
    """Of the file that has its bytes."""
    start: int = 0
    """First byte of content; what lies before is a hole that a writer left behind a truncation."""
    head_bytes: int = 0
    """Length of the content's beginning that ``head`` is the checksum of."""
    head: int = 0
    tail: int = 0
    """Checksum of the up to TAIL_BYTES bytes before ``offset``."""
    settled: tuple[int, ...] = ()
    """Device, inode, size and modification time of a file that is known to hold nothing beyond ``offset``."""
    days: Days = ()
    """See producers.core.files.days."""
    begun: int = 0
    """First byte that was read: ``start``, or the end that the file had when its input was told to start there."""
    told: int = 0
    """Up to here the ledger knows that Kafka has it."""
    order: int = 0
    """Rises in the order in which the files of a source were met, which is that in which they were written; 0: it was
    met by an earlier version."""
    earlier: tuple[tuple[int, ...], ...] = ()
    """The last position before ``offset`` and the checksum of the bytes before it; a copy may end between the two. Only
    of a file that is read, or was truncated."""


_NAMES: Final = tuple(each.name for each in fields(Mark))
_LATER: Final = ("begun", "told", "order", "earlier")
"""Fields that earlier versions did not write. The ledger, told nothing by them, is told from their ``offset`` on."""


def checksum(content: bytes) -> int:
    """Of a file's head or tail."""
    return zlib.crc32(content)


def sealed(value: object) -> str:
    """A value as it is written to disk: JSON behind its checksum."""
    body = json.dumps(value, separators=(",", ":"))
    return f"{zlib.crc32(body.encode()):08x} {body}"


def unsealed(text: object) -> Any:
    """The value again; None when the text is damaged or none of ours."""
    if not isinstance(text, str) or text[8:9] != " ":
        return None
    body = text[9:]
    if text[:8] != f"{zlib.crc32(body.encode(errors='surrogatepass')):08x}":
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None


def mark_to_text(mark: Mark) -> str:
    """A mark as it is written to disk."""
    return sealed([getattr(mark, name) for name in _NAMES])


def mark_from_text(text: object) -> Mark | None:
    """The mark again; None when the text is damaged or of a later version."""
    values = unsealed(text)
    if isinstance(values, list) and 0 < (missing := len(_NAMES) - len(values)) <= len(_LATER):
        offset = values[_NAMES.index("offset")]
        values += [offset, offset, 0, ()][-missing:]
    if not isinstance(values, list) or len(values) != len(_NAMES):
        return None
    mark = Mark(*values)
    try:
        mark.settled, mark.earlier = tuple(mark.settled), tuple(map(tuple, mark.earlier))
        mark.days = tuple((offset, day) for offset, day in mark.days)
    except (TypeError, ValueError):
        return None
    return mark


class Marks:
    """All marks, by incarnation (16 hexadecimal digits) and by source; and which of them changed."""

    def __init__(self, marks: Mapping[str, Mark] = MappingProxyType({}), now: float = 0.0) -> None:
        self._marks: dict[str, Mark] = {}
        self._of_source: dict[str, dict[str, Mark]] = {}
        self.changed: set[str] = set()
        """Incarnations whose marks are not on disk as they are; gone ones among them."""
        self._saw_at: dict[str, float] = dict.fromkeys(marks, now)
        """When a file of an incarnation was last there or, before it was, when these marks were loaded. By a clock that
        never jumps: one that is set right after boot would make everything old."""
        for name, mark in marks.items():
            self._put(name, mark)

    def _put(self, name: str, mark: Mark) -> None:
        self._marks[name] = mark
        self._of_source.setdefault(mark.source_id, {})[name] = mark

    def add(self, name: str, mark: Mark, now: float = 0.0) -> None:
        """Remember a new incarnation. ``now``: monotonic seconds."""
        self._put(name, mark)
        self._saw_at[name] = now
        self.changed.add(name)

    def get(self, name: str) -> Mark | None:
        """The mark of an incarnation."""
        return self._marks.get(name)

    def of_source(self, source_id: str) -> Mapping[str, Mark]:
        """Incarnation -> mark of one source."""
        return self._of_source.get(source_id, {})

    def touch(self, name: str) -> None:
        """A mark was changed."""
        self.changed.add(name)

    def saw(self, name: str, now: float) -> None:
        """A file of an incarnation is there. ``now``: monotonic seconds."""
        self._saw_at[name] = now

    def saw_at(self, name: str) -> float:
        """When `saw` was told of an incarnation last; minus infinity: it is forgotten."""
        return self._saw_at.get(name, float("-inf"))

    def forget_old(self, now: float, keep_secs: float) -> None:
        """Drop marks of ended incarnations whose files have been gone for ``keep_secs``."""
        gone = [name for name, at in self._saw_at.items() if now - at > keep_secs and self._marks[name].ended]
        for name in gone:
            del self._saw_at[name]
            source = self._marks.pop(name).source_id
            del self._of_source[source][name]
            if not self._of_source[source]:
                del self._of_source[source]
        self.changed.update(gone)

    def items(self) -> Iterable[tuple[str, Mark]]:
        """Incarnation and mark of each."""
        return self._marks.items()

    def __len__(self) -> int:
        """How many are known."""
        return len(self._marks)
