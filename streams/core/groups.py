"""Lines that belong together: a stack trace, a statement, whatever `streams.core.multiline` says goes on.

What a group is waiting for holds the chunk that its first line stands in, as a partial line does. Lines that belong to
it only if a sure one follows are kept apart: when none follows they are given back, each to be looked at for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from streams.core.framing.attributes import Attributes

if TYPE_CHECKING:
    from streams.core.parsers.parsed import Parser

Work = TypeVar("Work")


@dataclass(eq=False, slots=True)
class Head:
    """What the first part of a record decided for all others, where it is longer than a record may be."""

    number: int = 0
    settled: tuple[int, tuple[str, ...]] | None = None
    """Severity and topics, where rules look into records (`streams.core.careful`); None: it was dropped."""


class Content(NamedTuple, Generic[Work]):
    """The content of one line, whole, with where it stands."""

    work: Work
    """The chunk it began in."""
    offset: int
    timestamp: bytes
    stream: bytes
    text: bytes
    flags: tuple[str, ...] = ()
    attributes: Attributes | None = None
    head: Head | None = None
    """Of one part of a record that is longer than the limit."""
    part: int = 0
    last: Work | None = None
    """The chunk it ended in, where that is another one."""
    end: int = 0
    """Position of its last piece, in ``last``."""


@dataclass(eq=False, slots=True)
class Group(Generic[Work]):
    """Lines of one stream that may become one record."""

    first: Content[Work]
    parser: Parser
    found: Any
    number: int
    """Severity of the first line."""
    state: Any
    waiting_since: float
    size: int
    sure: list[Content[Work]] = field(default_factory=list)
    """Lines behind the first that belong to it."""
    earlier: int = 0
    """Records that were too long and whose rest it is; what the first line of the first one decided holds for it."""
    unsure: list[Content[Work]] = field(default_factory=list)
    """Lines behind those that belong to it if a sure one follows."""

    @property
    def latest(self) -> Content[Work]:
        """The line that came last."""
        return self.unsure[-1] if self.unsure else self.sure[-1] if self.sure else self.first

    def add(self, line: Content[Work], state: Any, now: float, *, sure: bool) -> list[Content[Work]]:
        """Take another line; returns those that surely belong to it now.

        Their chunks are not held any longer, so whoever calls this accounts for them at once.
        """
        self.unsure.append(line)
        self.state, self.waiting_since = state, now
        self.size += len(line.text) + 1
        if not sure:
            return []
        settled, self.unsure = self.unsure, []
        self.sure += settled
        return settled

    def is_late(self, now: float) -> bool:
        """Whether it has waited as long as it may; in seconds."""
        timeout: int = self.first.work.origin.treatment.multiline_timeout  # type: ignore[attr-defined]
        return self.waiting_since <= now - timeout / 1_000_000_000

    def text(self) -> bytes:
        """All lines that belong to it."""
        return b"\n".join((self.first.text, *(line.text for line in self.sure)))

    def held(self) -> Iterator[Work]:
        """Chunks of which a line has not become anything yet."""
        yield self.first.work
        for line in self.unsure:
            yield line.work
