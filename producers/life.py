"""One incarnation that is being read, and the chunks that come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from producers.core.checkpoint import Mark
from producers.core.container_path import LogFileName
from producers.core.cut import OpenStreams
from producers.log_file import LogFile
from runtime.frontier import Frontier


@dataclass(frozen=True)
class ReadLimits:
    """How much is read at once, and when an unfinished line is sent all the same."""

    chunk_max_bytes: int
    line_max_bytes: int
    unterminated_line_secs: float


@dataclass
class Life:
    """One incarnation that is being read, or waits for its turn."""

    incarnation: bytes
    file_name: LogFileName
    log: LogFile
    identity: tuple[int, int]
    """Device and inode: stable while the file is open."""
    mark: Mark
    position: int
    """Everything before it was read."""
    final_since: float | None = None
    """Since when nothing can be added any more."""
    ended: bool = False
    first: bool = True
    """The next chunk is the first of this run."""
    inside_line: bool = False
    """The read position is in the middle of a line."""
    open_streams: OpenStreams = field(default_factory=dict)
    """Streams whose last line before the read position is partial."""
    rest: tuple[int, float] = (0, 0.0)
    """Length of the line without end at the end of the file, and since when it has that length."""
    frontier: Frontier[tuple[int, bool, OpenStreams]] = field(default_factory=Frontier)
    """Chunks in flight by offset, each with its end, whether it is the last, and what it leaves open."""

    def acknowledge(self, start: int) -> int:
        """The chunk that begins at ``start`` is in Kafka; returns by how many bytes the mark advanced."""
        before = self.mark.offset
        for end, last, still_open in self.frontier.finish(start):
            self.mark.offset, self.mark.ended, self.mark.open_streams = end, last, still_open
        return self.mark.offset - before


@dataclass(frozen=True)
class Chunk:
    """Bytes to send, and the life that they belong to."""

    life: Life
    offset: int
    payload: bytes
    ended: bool
    resumed: dict[str, Any] | None
