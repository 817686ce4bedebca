"""One container's log folder, written as a runtime and kubelet write it, and a producer that reads it.

No Kafka: `Run` drives `SourceTail` with a time of its own and keeps what it sends.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from producers.account import Account
from producers.chunk import Chunk, Loss
from producers.core.files.checkpoint import Mark, Marks, mark_from_text, mark_to_text
from producers.core.files.log_names import LogFileName, logs_in
from producers.files.formats import CRI, Format
from producers.files.life import Life, ReadLimits
from producers.files.tail import SourceTail
from producers.produce import FORGET_SECS
from schemas.identity import FIRST_LINE_MAX_BYTES, incarnation

SOURCE: dict[str, Any] = {
    "id": "00112233445566aa",
    "node": "node-1",
    "framing": "cri",
    "container": {"name": "app", "namespace": "dev", "pod": "shop-0"},
}
LIMITS = ReadLimits(chunk_max_bytes=200, line_max_bytes=300, unterminated_line_secs=10.0, unknown_bytes=10_000)
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


@dataclass(frozen=True)
class Sent:
    """A chunk as it left the tail, and the life it advances."""

    life: Life
    chunk: Chunk
    dated: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.chunk, name)


@dataclass
class Told:
    """Stands for the way into the ledger: what it is given waits until it is said to be there."""

    room: bool = True
    waiting: list[tuple[dict[str, Any], Callable[[], object]]] = field(default_factory=list)
    there: list[dict[str, Any]] = field(default_factory=list)

    def has_room(self) -> bool:
        return self.room

    def tell(self, entry: dict[str, Any], delivered: Callable[[], object]) -> None:
        self.waiting.append((entry, delivered))

    def deliver(self, index: int = 0) -> None:
        entry, delivered = self.waiting.pop(index)
        self.there.append(entry)
        delivered()

    def deliver_all(self) -> None:
        while self.waiting:
            self.deliver()


LEDGER_SECS = 30.0


@dataclass
class Run:
    """One life of a producer."""

    container: Container
    marks: Marks
    now: float
    source: dict[str, Any] = field(default_factory=lambda: SOURCE)
    form: Format = CRI
    log: str = ""
    sent: list[Sent] = field(default_factory=list)
    flying: list[Sent] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    folder: str = ""
    jump: float = 0.0
    """By how much the wall clock was set on or back, in seconds."""

    def __post_init__(self) -> None:
        self.folder = self.folder or str(self.container.folder)
        self.tail = SourceTail(self.source, self.folder, self.marks, LIMITS, self.form)
        self.told = Told()
        self.account = Account(self.told, self.marks, LEDGER_SECS)
        for name in dict(self.marks.items()):
            self.account.catch_up(name, self.source, self.now)

    @property
    def wall(self) -> float:
        return 1_000_000_000.0 + self.now + self.jump

    def scan(self, *, from_end: bool = False, missed: str = "") -> None:
        """``missed``: a file that is being renamed while names are listed."""
        self.now += SCAN_SECS
        names = {entry: name for entry, name in self.names().items() if entry != missed}
        self.tail.scan(names, self.now, self.wall, from_end=from_end)
        self.marks.forget_old(self.now, FORGET_SECS)

    def names(self) -> dict[str, LogFileName]:
        """What a listing of the folder says of this log."""
        entries = [path.name for path in Path(self.folder).iterdir()] if Path(self.folder).is_dir() else []
        if self.form is CRI:
            return {entry: name for entry in entries if (name := CRI.name(entry))}
        return dict(logs_in(entries, [self.log]).get(self.log, {}))

    def read(self) -> Sent | None:
        reading = self.tail.next_chunk(self.now, int(self.wall * 1e9))
        self.losses += self.tail.files.losses
        self.tail.files.losses.clear()
        if reading is None:
            return None
        sent = Sent(*reading)
        self.sent.append(sent)
        self.flying.append(sent)
        return sent

    def read_all(self) -> None:
        while self.read() is not None:
            pass

    def acknowledge(self, index: int = 0) -> None:
        sent = self.flying.pop(index)
        name = sent.life.incarnation.hex()
        ended = sent.life.acknowledge(sent.offset)
        self.marks.touch(name)
        self.account.moved(name, self.tail, self.now, ended=ended)

    def settle(self) -> None:
        """Read until nothing more comes, and hear that Kafka has all of it."""
        for _ in range(12 + 2 * len(self.names())):
            self.scan()
            self.now += 2 * self.form.grace_secs
            self.read_all()
        while self.flying:
            self.acknowledge()

    def checkpoint(self) -> dict[str, str]:
        return {name: mark_to_text(mark) for name, mark in self.marks.items()}

    def close(self) -> None:
        self.tail.close()


def restarted(run: Run, saved: dict[str, str] | None) -> Run:
    """The next producer, with the checkpoint that was on disk when the last one was killed."""
    run.close()
    marks: dict[str, Mark] = {}
    for name, text in (saved or {}).items():
        mark = mark_from_text(text)
        assert mark is not None
        marks[name] = mark
    return Run(
        run.container, Marks(marks, run.now), run.now, run.source, run.form, run.log, folder=run.folder, jump=run.jump
    )


def assembled(chunks: list[Sent]) -> dict[bytes, bytes]:
    """The bytes of each incarnation; fails where two chunks say different things of one byte, or leave a gap."""
    found: dict[bytes, bytearray] = {}
    for chunk in sorted(chunks, key=lambda chunk: (chunk.life.incarnation, chunk.offset, len(chunk.payload))):
        known = found.setdefault(chunk.life.incarnation, bytearray())
        assert chunk.offset <= len(known), "a gap"
        again = bytes(known[chunk.offset : chunk.offset + len(chunk.payload)])
        assert chunk.payload.startswith(again), "two contents"
        known += chunk.payload[len(again) :]
    return {life: bytes(content) for life, content in found.items()}
