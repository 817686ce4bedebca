"""A node whose containers, pods, producer and disk come to their ends, and what the checkpoint and the ledger say then.

Containers are written, rotated, restarted and removed as a runtime and kubelet do it: of the dead lives of a container
the newest stays, and a pod that was deleted or evicted leaves nothing in its folder.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from bench.pipeline import Pipeline
from bench.rotation import Line, Rotated
from producers.checkpoint_store import FILE_NAME
from producers.core.files.checkpoint import Mark, mark_from_text
from schemas.identity import FIRST_LINE_MAX_BYTES, incarnation


class Pod(Rotated):
    """A pod of one container that may be restarted, and deleted."""

    def __init__(self, root: Path, pod: str) -> None:
        self._restart = 0
        self._restart_of: list[int] = []
        """Of each file."""
        self._links = root / "var/log/containers"
        super().__init__(root, pod)

    def _reopen(self) -> None:
        super()._reopen()
        self._restart_of.append(self._restart)

    def lives(self) -> list[bytes]:
        """As Rotated says; the restart is a part of it."""
        firsts = [bytes(content[:FIRST_LINE_MAX_BYTES]).partition(b"\n")[0] for content in self.files]
        pairs = zip(self._restart_of, firsts, strict=True)
        return [incarnation(self.source, restart, first) if first else b"" for restart, first in pairs]

    def restart(self) -> None:
        """The container ends and is started again; kubelet removes the last but one of its dead lives."""
        self._file.close()
        self._restart += 1
        self.live = self.live.with_name(f"{self._restart}.log")
        self._reopen()
        (self._links / f"{self.pod}_load_app-{self._restart:064x}.log").symlink_to(self.live)
        gone = self._restart - 2
        if gone >= 0:
            for path in self.live.parent.glob(f"{gone}.log*"):
                path.unlink()
            (self._links / f"{self.pod}_load_app-{gone:064x}.log").unlink()

    def delete(self) -> None:
        """As kubelet does a second after the last container of a deleted or evicted pod has ended."""
        self._file.close()
        for link in self._links.glob(f"{self.pod}_load_app-*.log"):
            link.unlink()
        shutil.rmtree(self.live.parent.parent)

    def end(self) -> Line:
        """Where the next line will stand."""
        return len(self.files) - 1, len(self.files[-1])

    def lines_from(self, begin: Line) -> int:
        """How many lines were written from a place on."""
        return sum(line >= begin for line in self.written_at)


class Writing(threading.Thread):
    """Containers that go on writing; use it in a ``with`` block."""

    def __init__(self, pods: Sequence[Rotated], lines: int = 50, pause_secs: float = 0.02, secs: float = 60.0) -> None:
        super().__init__(daemon=True)
        self._pods, self._lines, self._pause = pods, lines, pause_secs
        self._ended = threading.Event()
        self._until = time.monotonic() + secs

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Until the block ends, or ``secs`` are over."""
        while not self._ended.wait(self._pause) and time.monotonic() < self._until:
            for pod in self._pods:
                pod.write(self._lines)


def started(pipeline: Pipeline) -> None:
    """Start the producer and wait until it hears signals."""
    said = "metrics at"
    before = pipeline.log("produce").count(said) if (pipeline.folder / "produce.log").exists() else 0
    pipeline.start("produce")
    pipeline.wait_until(lambda: pipeline.log("produce").count(said), lambda count: count > before, "its endpoint")


def marks(pipeline: Pipeline) -> dict[str, Mark]:
    """The checkpoint as it is on disk, by incarnation."""
    path = pipeline.folder / "producer" / FILE_NAME
    if not path.exists():
        return {}
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
    try:
        rows = database.execute("SELECT incarnation, mark FROM marks").fetchall()
    except sqlite3.OperationalError:
        rows = []  # it is being made
    database.close()
    return {name: mark for name, text in rows if (mark := mark_from_text(text)) is not None}


def unread(pipeline: Pipeline, containers: Sequence[Rotated]) -> int:
    """How many live files are not acknowledged to their ends, and how many others are not done with."""
    known = marks(pipeline)
    lives = {each.lives()[-1].hex(): len(each.files[-1]) for each in containers}
    behind = sum(name not in known or known[name].offset != size for name, size in lives.items())
    return behind + sum(not mark.ended for name, mark in known.items() if name not in lives)


def expect_all_read(pipeline: Pipeline, containers: Sequence[Rotated]) -> None:
    """Wait until a producer has read everything and its checkpoint says so."""
    pipeline.wait_until(lambda: unread(pipeline, containers), lambda files: files == 0, "all files to be read")


def told(pipeline: Pipeline, outcome: str) -> list[dict[str, Any]]:
    """What the ledger says of an outcome now: lost/removed, left/unread."""
    return [entry for entry in pipeline.values("ledger", "ledger_entry") if outcome in entry["outcomes"]]


def expect_told(pipeline: Pipeline, outcome: str, count: int) -> list[dict[str, Any]]:
    """Wait until the ledger has so many entries of an outcome."""
    pipeline.wait_until(lambda: len(told(pipeline, outcome)), lambda found: found >= count, f"{count} entries")
    return told(pipeline, outcome)
