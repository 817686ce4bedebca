"""Which source a client's tag belongs to, and which incarnation and offset its entries get.

*Source.* One for each tag of an input, so that what has one tag keeps its order, over connections and retries. A client
may invent tags without end (a request's id in the tag), and each source costs every later stage memory. So only
``tags_max`` have a source of their own at a time; all others share SHARED_SOURCES by their hash. Every chunk bears the
client's own tag all the same, and a tag's entries keep their order within the shared source as well. A tag unheard for
IDLE_SECS gives up its place; only a tag that gets such a place while it is being sent changes its source, once, and its
order with it.

*Incarnation.* With the option ``chunk``: a hash of tag, the client's chunk id and the entries. A retry brings the same
ones and thereby makes the same record ids, whichever connection it comes by, and even if its tag has lost its place
meanwhile. The entries are part of it because nothing makes a client's ids unique: one that counts from 1 after each
start must not have its entries taken for repetitions. Without ``chunk`` there is nothing to recognise: one incarnation
for each connection and tag, and what the client sends twice is there twice.
"""

from __future__ import annotations

import re
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from producers.chunk import Chunk, Source, source_of
from producers.core.forward.entries import Entries, Piece
from schemas.identity import incarnation, source_id

SHARED_SOURCES: Final = 16
"""So that what shares does not all go to one partition."""

IDLE_SECS: Final = 3600.0
"""A tag unheard this long gives its place to another; long after everything it sent has been read by every stage."""

LIVES_MAX: Final = 256
"""Tags of one connection whose offset is kept. Of one beyond that, the longest unheard ends its incarnation."""

_NOTHING_OPEN: Final[dict[str, Any]] = {"inside_line": False, "open_streams": {}}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def tag_text(tag: bytes, prefix: str | None, fallback: str) -> str:
    r"""A tag as records bear it: bytes that are no UTF-8, and control characters, as ``\xNN``; empty: the fallback."""
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", tag.decode("utf-8", "backslashreplace"))
    return ".".join(part for part in (prefix, text) if part) or fallback


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a tag's entries come from."""

    source: Source
    identity: str
    """The tag's own source id, also while it has no source of its own."""


class Origins:
    """The sources of one input, by tag."""

    def __init__(self, node: str, name: str, prefix: str | None, tags_max: int) -> None:
        self._node, self._name, self._prefix = node, name, prefix
        self._max = tags_max
        self._known: OrderedDict[bytes, tuple[Origin, float]] = OrderedDict()
        """Tag -> origin and when it was heard last, the longest unheard first."""

    def of(self, tag: bytes, now: float) -> Origin:
        """The origin of a tag that is heard ``now`` (monotonic seconds)."""
        known = self._known.pop(tag, None)
        if known is None and not self._has_place(now):
            return self._origin(tag, shared=True)
        origin = self._origin(tag, shared=False) if known is None else known[0]
        self._known[tag] = (origin, now)
        return origin

    def _has_place(self, now: float) -> bool:
        if len(self._known) < self._max:
            return True
        oldest = next(iter(self._known))
        if now - self._known[oldest][1] < IDLE_SECS:
            return False
        del self._known[oldest]
        return True

    def _origin(self, tag: bytes, *, shared: bool) -> Origin:
        text = tag_text(tag, self._prefix, f"forward.{self._name}")
        identity = own = source_id(self._node, "forward", self._name, text)
        if shared:
            own = source_id(self._node, "forward", self._name, "shared", str(zlib.crc32(tag) % SHARED_SOURCES))
        return Origin(source_of(own, self._node, "forward", "forward", tag=text), identity)


@dataclass(slots=True)
class _Life:
    origin: Origin
    incarnation: bytes
    offset: int = 0


class Lives:
    """The incarnations of one connection, of entries without the option ``chunk``."""

    def __init__(self, path: str, unique: bytes) -> None:
        """``unique``: bytes that no other connection ever had."""
        self._path = path
        self._unique = unique
        self._begun = 0
        self._lives: OrderedDict[bytes, _Life] = OrderedDict()

    def chunks(self, tag: bytes, origins: Origins, entries: Piece, now: float, now_ns: int) -> list[Chunk]:
        """Entries as the next chunk of their incarnation; before it, the end of one that had to make room."""
        life = self._lives.pop(tag, None)
        origin = origins.of(tag, now)
        made: list[Chunk] = []
        if life is None:
            if len(self._lives) >= LIVES_MAX:
                made.append(self._end(self._lives.popitem(last=False)[1], now_ns))
            life = self._begin(origin)
        self._lives[tag] = life
        chunk = Chunk(
            life.origin.source, self._path, life.incarnation, life.offset, *entries,
            resumed=None if life.offset else _NOTHING_OPEN, observed_timestamp=now_ns,
        )  # fmt: skip
        made.append(chunk)
        life.offset += len(entries.payload)
        return made

    def _begin(self, origin: Origin) -> _Life:
        self._begun += 1  # a tag that comes back after its incarnation ended begins another
        unique = b"connection %d " % self._begun + self._unique
        return _Life(origin, incarnation(origin.identity, 0, unique))

    def ends(self, now_ns: int) -> list[Chunk]:
        """The connection is closed: an empty chunk for each incarnation, that says so."""
        ended = [self._end(life, now_ns) for life in self._lives.values()]
        self._lives.clear()
        return ended

    def _end(self, life: _Life, now_ns: int) -> Chunk:
        return Chunk(
            life.origin.source, self._path, life.incarnation, life.offset, b"", 0,
            ended=True, end_reason="closed", observed_timestamp=now_ns,
        )  # fmt: skip


def chunks_of_request(origin: Origin, path: str, chunk_id: str | bytes, entries: Entries, now_ns: int) -> list[Chunk]:
    """The chunks of one request with the option ``chunk``: an incarnation from its beginning to its end."""
    name = chunk_id.encode("utf-8", "surrogateescape") if isinstance(chunk_id, str) else chunk_id
    life = incarnation(origin.identity, 0, b"chunk %d " % len(name) + name + entries.digest)
    made: list[Chunk] = []
    offset = 0
    for number, piece in enumerate(entries.pieces, 1):
        last = number == len(entries.pieces)
        chunk = Chunk(
            origin.source, path, life, offset, *piece, ended=last, end_reason="complete" if last else None,
            resumed=None if offset else _NOTHING_OPEN, observed_timestamp=now_ns,
        )  # fmt: skip
        made.append(chunk)
        offset += len(piece.payload)
    return made
