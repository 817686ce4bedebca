"""One container's log folder, written as a runtime and kubelet write it, and a producer that reads it.

No Kafka: `Run` drives `SourceTail` with a time of its own and keeps what it sends.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from producers.core.checkpoint import Marks, forget_old, from_text, to_text
from producers.life import Chunk, ReadLimits
from producers.produce import FORGET_SECS
from producers.source_tail import ROTATION_GRACE_SECS, SourceTail
from schemas.identity import FIRST_LINE_MAX_BYTES, incarnation

SOURCE: dict[str, Any] = {"id": "00112233445566aa", "container": {"name": "app"}}
LIMITS = ReadLimits(chunk_max_bytes=200, line_max_bytes=300, unterminated_line_secs=10.0)
SCAN_SECS = 1.0
BEGIN = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)


@dataclass
class Written:
    """One life of a file, as the runtime knows it."""

    restart: int
    path: Path
    content: bytes = b""
    rotated: bool = False
    deleted: bool = False

    @property
    def incarnation(self) -> bytes:
        line = self.content[:FIRST_LINE_MAX_BYTES].partition(b"\n")[0]
        return incarnation(SOURCE["id"], self.restart, line)


class Container:
    """The runtime and kubelet: appends, rotates, compresses, deletes, restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds = 0
        self.lines = 0
        self.lives: list[Written] = []
        self._open(0)

    def _open(self, restart: int) -> None:
        path = self.folder / f"{restart}.log"
        path.touch()
        self.lives.append(Written(restart, path))

    @property
    def live(self) -> Written:
        return self.lives[-1]

    def append(self, content: bytes) -> None:
        with self.live.path.open("ab") as file:
            file.write(content)
        self.live.content += content

    def line(self, size: int, *, stream: str = "stdout", tag: str = "F") -> bytes:
        """A line without its end; its timestamp tells it from every other."""
        self.lines += 1
        time = (BEGIN + timedelta(milliseconds=self.lines)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return f"{time} {stream} {tag} {'x' * size}".encode()

    def rotate(self, *, reopen: bool) -> None:
        """As kubelet does: rename; the runtime opens a new file, now or later."""
        self.seconds += 1
        stamp = (BEGIN + timedelta(seconds=self.seconds)).strftime("%Y%m%d-%H%M%S")
        target = self.live.path.with_name(f"{self.live.path.name}.{stamp}")
        self.live.path.rename(target)
        self.live.path, self.live.rotated = target, True
        if reopen:
            self._open(self.live.restart)

    def reopen(self) -> None:
        self._open(self.live.restart)

    def restart(self) -> None:
        self._open(self.live.restart + 1)

    def compress(self, life: Written) -> None:
        """As kubelet does: through .tmp, and the original goes last."""
        target = life.path.with_name(life.path.name + ".gz")
        temporary = target.with_name(target.name + ".tmp")
        temporary.write_bytes(gzip.compress(life.content))
        temporary.rename(target)
        life.path.unlink()
        life.path = target

    def delete(self, life: Written) -> None:
        life.path.unlink()
        life.deleted = True


@dataclass
class Run:
    """One life of a producer."""

    container: Container
    marks: Marks
    now: float
    sent: list[Chunk] = field(default_factory=list)
    flying: list[Chunk] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tail = SourceTail(SOURCE, str(self.container.folder), self.marks, LIMITS)

    def scan(self) -> None:
        self.now += SCAN_SECS
        self.tail.scan(self.now, 1_000_000.0 + self.now)
        forget_old(self.marks, 1_000_000.0 + self.now, FORGET_SECS)

    def read(self) -> Chunk | None:
        chunk = self.tail.next_chunk(self.now)
        if chunk is not None:
            self.sent.append(chunk)
            self.flying.append(chunk)
        return chunk

    def read_all(self) -> None:
        while self.read() is not None:
            pass

    def acknowledge(self, index: int = 0) -> None:
        chunk = self.flying.pop(index)
        chunk.life.acknowledge(chunk.offset)

    def settle(self) -> None:
        """Read until nothing more comes, and hear that Kafka has all of it."""
        for _ in range(12 + len(self.container.lives) * 2):
            self.scan()
            self.now += ROTATION_GRACE_SECS
            self.read_all()
        while self.flying:
            self.acknowledge()

    def checkpoint(self) -> str:
        return to_text(self.marks)

    def close(self) -> None:
        self.tail.close()


def restarted(run: Run, text: str | None) -> Run:
    """The next producer, with the checkpoint that was on disk when the last one was killed."""
    run.close()
    marks = {} if text is None else from_text(text)
    assert marks is not None
    return Run(run.container, marks, run.now)


def assembled(chunks: list[Chunk]) -> dict[bytes, bytes]:
    """The bytes of each incarnation; fails where two chunks say different things of one byte, or leave a gap."""
    found: dict[bytes, bytearray] = {}
    for chunk in sorted(chunks, key=lambda chunk: (chunk.life.incarnation, chunk.offset, len(chunk.payload))):
        known = found.setdefault(chunk.life.incarnation, bytearray())
        assert chunk.offset <= len(known), "a gap"
        again = bytes(known[chunk.offset : chunk.offset + len(chunk.payload)])
        assert chunk.payload.startswith(again), "two contents"
        known += chunk.payload[len(again) :]
    return {life: bytes(content) for life, content in found.items()}
