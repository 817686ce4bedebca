"""What ends on a node: the producer's state, its checkpoint, the node itself; and its disk is full."""

from __future__ import annotations

import errno
import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from bench.faults.node.containers import Container, containers_of
from bench.faults.node.events import Events
from bench.faults.node.pausable import Pausable
from bench.faults.node.stage_door import found
from bench.faults.site import STAGES
from deploy.demo.lines import Profile
from producers.checkpoint_store import FILE_NAME

if TYPE_CHECKING:
    from bench.faults.site import Site

RETRY_SECS: Final = 0.05
SHORT: Final = Events(Profile())


@dataclass(frozen=True)
class StateLost:
    """The producer is killed, and its state folder is gone when it comes back."""

    secs: float = 5.0

    def begin(self, site: Site) -> None:
        """Files are read from their beginning again, under the same ids."""
        site.kill("produce")
        shutil.rmtree(_state(site))
        site.start("produce")

    def end(self, site: Site) -> None:
        """Nothing to heal."""
        site.start("produce")


@dataclass(frozen=True)
class CheckpointDamaged:
    """The producer is killed, and some bytes of its checkpoint are others when it comes back."""

    at: float
    """Where, as a part of the file: 0 is its header."""
    length: int = 512
    secs: float = 5.0

    def begin(self, site: Site) -> None:
        """Whatever still has its checksum is believed, the rest is read again."""
        with _checkpoint(site) as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(int(min(self.at, 1.0) * max(0, size - self.length)))
            file.write(random.Random(size).randbytes(self.length))

    def end(self, site: Site) -> None:
        """Nothing to heal."""
        site.start("produce")


@dataclass(frozen=True)
class CheckpointCut:
    """The producer is killed, and its checkpoint is an empty file or half of one when it comes back."""

    part: float
    secs: float = 5.0

    def begin(self, site: Site) -> None:
        """As if lost."""
        with _checkpoint(site) as file:
            file.truncate(int(os.fstat(file.fileno()).st_size * self.part))

    def end(self, site: Site) -> None:
        """Nothing to heal."""
        site.start("produce")


@dataclass(frozen=True)
class Reboot:
    """Power off: everything is killed in the same moment, containers too; files stay, what was in memory does not."""

    secs: float = 3.0
    keeps_state: bool = True
    """False: the producer's state was on a file system in memory."""

    def begin(self, site: Site) -> None:
        """Containers end with the rest."""
        found(site, Pausable).pause()
        site.kill(*STAGES)
        if not self.keeps_state:
            shutil.rmtree(_state(site), ignore_errors=True)

    def end(self, site: Site) -> None:
        """The node comes up: kubelet counts restarts on from the files that it finds."""
        writer = found(site, Pausable)
        for each in writer.containers:
            each.restart()
        writer.resume()
        site.start(*STAGES)


class Persistent(Pausable):
    """Containers whose runtime tries again what a full disk did not take, from the byte where that was."""

    def _write(self, container: Container, lines: int) -> None:
        for _ in range(lines):
            self._write_one(container)

    def _write_one(self, container: Container) -> None:
        try:
            container.write(1)  # no more than the file's buffer takes, which keeps what the disk does not
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self._flush(container)
            container.sequence += 1

    def _flush(self, container: Container) -> None:
        while True:
            try:
                container.log.write_verbatim(b"")
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                time.sleep(RETRY_SECS)
            else:
                return


def persistent(site: Site) -> Persistent:
    """Six containers on a disk that may be full."""
    return Persistent(site, containers_of(site, "on-disk", 6, SHORT), rate=300.0)


def _state(site: Site) -> Path:
    return site.pipeline.folder / "producer"


@contextmanager
def _checkpoint(site: Site) -> Iterator[BinaryIO]:
    """The checkpoint of a producer that is killed, and started again behind the block.

    What it left in SQLite's journal goes too, so that the damage cannot be undone from there.
    """
    site.kill("produce")
    path = _state(site) / FILE_NAME
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with path.open("r+b") as file:
        yield file
    site.start("produce")
