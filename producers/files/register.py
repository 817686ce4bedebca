"""What is known of the files of one source: the marks of the checkpoint, and what this run has learnt besides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from producers.core.files.checkpoint import Mark, Marks, checksum
from producers.files.recognise import Known

if TYPE_CHECKING:
    from producers.core.files.log_names import LogFileName
    from producers.files.life import Life

SEEN_SECS: Final = 300.0
"""So exact is the time at which a file that needs no reading was last there."""

Signature: TypeAlias = tuple[int, int, int, int]
"""Device, inode, size and modification time (nanoseconds) of a file."""


@dataclass(frozen=True, slots=True)
class Look:
    """When and how the files of a source are looked at."""

    now: float
    """Monotonic seconds."""
    wall: float
    """Seconds since 1970."""
    from_end: bool = False
    """What is there already is skipped."""
    own_only: bool = False
    """So is every file but those that an earlier run was reading under their own inodes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the folder of a source."""

    path: str
    name: LogFileName
    signature: Signature

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return self.signature[:2]

    @property
    def size(self) -> int:
        """In bytes, compressed where it is."""
        return self.signature[2]


class Register:
    """The incarnations of one source."""

    def __init__(self, source_id: str, marks: Marks) -> None:
        self._source_id = source_id
        self._all = marks
        self._read_out: dict[str, Known] = {}
        """Incarnations read to their ends whose last chunks are not acknowledged yet."""
        self._settled: dict[Signature, str] = {}
        """Signature -> incarnation of files that need no second look, whatever their names by now."""
        self._last_look = self._look_before = float("-inf")

    @property
    def marks(self) -> Mapping[str, Mark]:
        """Incarnation -> mark."""
        return self._all.of_source(self._source_id)

    def begin_look(self, files: Collection[str], look: Look) -> None:
        """Forget what says nothing any more."""
        kept = [name for name in self._read_out if (mark := self._all.get(name)) is None or mark.ended]
        for name in kept:
            del self._read_out[name]
        if len(self._settled) > 2 * len(files) + 8:
            fresh = self._last_look
            self._settled = {each: name for each, name in self._settled.items() if self._all.saw_at(name) >= fresh}
        self._look_before, self._last_look = self._last_look, look.now

    def end_look(self) -> None:
        """The inodes of files that are gone may be used again. One look may miss a file, for names are moved."""
        for name, mark in self.marks.items():
            if mark.ended and mark.inode and self._all.saw_at(name) < self._look_before:
                mark.inode = 0
                self._all.touch(name)

    def settled(self, signature: Signature) -> str | None:
        """The incarnation of a file that needs no second look; None: look at it."""
        name = self._settled.get(signature)
        if name is not None and (mark := self._all.get(name)) is not None:
            if not mark.settled:
                self.settle(signature, name)  # it was not ended before
            return name
        name = next((name for name, mark in self.marks.items() if mark.settled == signature), None)
        if name is not None:
            self._settled[signature] = name
        return name

    def settle(self, signature: Signature, name: str) -> None:
        """A file needs no second look while it stays as it is."""
        self._settled[signature] = name
        mark = self.marks[name]
        if mark.ended and mark.settled != signature:
            mark.settled = signature
            self._all.touch(name)

    def saw(self, name: str, look: Look) -> None:
        """A file of an incarnation is there."""
        self._all.saw(name, look.now)
        mark = self.marks[name]
        if abs(look.wall - mark.seen_at) >= SEEN_SECS:
            mark.seen_at = look.wall
            self._all.touch(name)

    def add(self, name: str, mark: Mark, look: Look) -> None:
        """A new incarnation."""
        self._all.add(name, mark, look.now)

    def finished(self, life: Life) -> None:
        """A life was read to its end; Kafka need not have all of it."""
        name = life.incarnation.hex()
        self._read_out[name] = _as_it_stands(name, life)

    def is_on_its_way(self, name: str) -> bool:
        """Whether an incarnation was read to its end and is not acknowledged yet."""
        return name in self._read_out

    def known(self, lives: Collection[Life]) -> Iterator[Known]:
        """Everything that a file of this source may be. ``lives``: those that are open."""
        reading = {life.incarnation.hex(): life for life in lives}
        for name, mark in self.marks.items():
            life = reading.get(name)
            if life is None:
                yield self._read_out.get(name) or Known(name, mark, mark.offset, mark.tail, mark.earlier)
            elif life.log.size() is not None:  # nobody copies compressed files; by its inode one is known already
                log = None if life.detached else life.log
                yield replace(_as_it_stands(name, life), log=log, detached=life.detached)


def _as_it_stands(name: str, life: Life) -> Known:
    return Known(name, life.mark, life.position, checksum(life.before), life.earlier if life.detached else ())
