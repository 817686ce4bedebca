"""Text files of the host that logrotate rotates (create, delaycompress, dateext, copytruncate), or that vanish."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.faults.node.host_log import HostLog
from bench.faults.node.loop import Loop
from bench.faults.node.stage_door import enrol, expect_read, found, read_also

if TYPE_CHECKING:
    from bench.faults.site import Site

ROTATE_SECS: Final = 2.0
REOPEN_SECS: Final = 0.3
"""From a rotation until the program has heard of it."""
BANNER: Final = b"# poison: every log file of the example service begins with these words\n" * 3
"""Counts as poison for the oracle: lines that no writer claims."""
UNSEEN_LINES: Final = 40
START_SECS: Final = 60.0
"""So long a producer may take to start on a busy machine."""


class HostWriter:
    """Programs that write at a rate; ``rotate`` is called for one after the other."""

    def __init__(
        self,
        site: Site,
        logs: Sequence[HostLog],
        *,
        rate: float,
        rotate: Callable[[HostLog], None] | None = None,
        reopens: bool = False,
    ) -> None:
        """``rate``: lines a second, all together. ``reopens``: programs do so a moment after a rotation."""
        self.logs = logs
        self.gone: dict[str, set[int]] = {log.source: set() for log in logs}
        """Lines that nobody could have read."""
        self.gone_bytes: dict[tuple[str, int], int] = {}
        """Path and first byte of what nobody could have read -> the byte behind its last one."""
        self._site = site
        self._rate = rate
        self._rotate = rotate
        self._reopens = reopens
        self._lines = self._rotations = 0
        self._paused = False
        self._reopen_at: dict[int, float] = {}
        self._loop = Loop(self._step)
        read_also(site, {"host": {"type": "files", "path": f"{site.node}/var/log/host/**/*.log"}})
        enrol(site, self)

    def _step(self, passed: float) -> None:
        share = len(self.logs)
        due = int(self._rate * passed) - self._lines
        if due >= share:
            self._lines += due // share * share
            for log in () if self._paused else self.logs:
                log.write(due // share)
        for number in [number for number, at in self._reopen_at.items() if at <= passed]:
            del self._reopen_at[number]
            self.logs[number].reopen()
        if self._rotate and not self._paused and passed / ROTATE_SECS * share >= self._rotations + 1:
            number = self._rotations % share
            self._rotate(self.logs[number])
            if self._reopens:
                self._reopen_at[number] = passed + REOPEN_SECS
            self._rotations += 1

    def pause(self) -> None:
        """Let programs be silent. Whoever acts on the logs meanwhile waits a moment for the step under way."""
        self._paused = True
        self._loop.settle()

    def resume(self) -> None:
        """Let them go on."""
        self._paused = False

    def start(self) -> None:
        """As the protocol says."""
        self._loop.start()

    def stop(self) -> None:
        """As the protocol says."""
        self._loop.stop()
        for number in self._reopen_at:
            self.logs[number].reopen()
        for log in self.logs:
            log.close()

    def written(self) -> Mapping[str, int]:
        """As the protocol says."""
        return {log.source: log.sequence for log in self.logs}

    def unavoidable(self) -> Mapping[str, set[int]]:
        """What faults have put beyond reach."""
        return {source: set(lines) for source, lines in self.gone.items() if lines}

    def objections(self) -> Iterable[str]:
        """Where the ledger and the files disagree on what is lost; asked when all has settled."""
        own = {str(log.path) for log in self.logs}
        told: dict[tuple[str, int], float] = {}
        for entry in self._site.pipeline.values("ledger", "ledger_entry"):
            if entry["path"] in own and any(outcome.startswith("lost/") for outcome in entry["outcomes"]):
                told[entry["path"], entry["start"]] = math.inf if entry["open_end"] else entry["end"]
        for place in told.keys() - self.gone_bytes.keys():
            yield f"the ledger has {place} as lost, and it is not"
        for place, end in self.gone_bytes.items():
            if told.get(place, 0) < end:
                yield f"{place} is lost to byte {end}, and the ledger does not say so: {told.get(place)}"


def _logs(site: Site, kind: str, count: int = 3, *, appends: bool = True, banner: bytes = b"") -> list[HostLog]:
    folder = site.node / "var/log/host" / kind
    return [HostLog(folder / f"{kind}-{n}.log", f"{kind}-{n}", appends=appends, banner=banner) for n in range(count)]


def created(site: Site) -> HostWriter:
    """As logrotate does with ``create`` and ``delaycompress``, numbered; programs reopen a moment later."""

    def rotate(log: HostLog) -> None:
        log.compress_older(keep_plain=0)
        log.rename()

    return HostWriter(site, _logs(site, "create"), rate=300.0, rotate=rotate, reopens=True)


def dated(site: Site) -> HostWriter:
    """As logrotate does with ``create`` and ``dateext``; files begin alike."""

    def rotate(log: HostLog) -> None:
        log.compress_older(keep_plain=0)
        log.rename("dateext")

    return HostWriter(site, _logs(site, "dated", banner=BANNER), rate=300.0, rotate=rotate, reopens=True)


def copy_truncated(site: Site) -> HostWriter:
    """As logrotate does with ``copytruncate``; programs that append and never reopen, and one that reopens."""
    logs = _logs(site, "copied")

    def rotate(log: HostLog) -> None:
        log.copy_and_truncate()
        if log is logs[0]:
            log.reopen()

    return HostWriter(site, logs, rate=300.0, rotate=rotate)


def hole_left(site: Site) -> HostWriter:
    """``copytruncate`` under programs that do not append: their next line stands behind a hole of zeros."""
    logs = _logs(site, "hole", appends=False)

    def rotate(log: HostLog) -> None:
        log.copy_and_truncate()

    return HostWriter(site, logs, rate=300.0, rotate=rotate)


def quiet(site: Site) -> HostWriter:
    """Files that nobody rotates, which begin alike; for faults that do something to them."""
    return HostWriter(site, _logs(site, "quiet", banner=BANNER), rate=200.0)


@dataclass(frozen=True)
class Emptied:
    """While no producer runs lines are written that nobody sees, then the files are truncated without a copy."""

    secs: float = 5.0

    def begin(self, site: Site) -> None:
        """The ledger must name exactly these lines."""
        _behind_its_back(site, lambda log: log.copy_and_truncate(copies=False))

    def end(self, site: Site) -> None:
        """The producer is started again."""
        site.start("produce")
        found(site, HostWriter).resume()


@dataclass(frozen=True)
class LeftRenamed:
    """While no producer runs programs write, their files are renamed, and no new ones made: the programs have ended."""

    secs: float = 6.0

    def begin(self, site: Site) -> None:
        """Nothing is lost: a log is there for as long as one of its copies is."""
        writer = found(site, HostWriter)
        writer.pause()
        site.kill("produce")
        for log in writer.logs:
            log.write(UNSEEN_LINES)
            log.rename()
        site.start("produce")
        site.pipeline.wait_until(lambda: site.pipeline.has_begun("produce"), bool, "the producer to start", START_SECS)

    def end(self, site: Site) -> None:
        """The programs begin again."""
        writer = found(site, HostWriter)
        for log in writer.logs:
            log.reopen()
        writer.resume()


@dataclass(frozen=True)
class Replaced:
    """While no producer runs files go, unread lines and all, and new ones take their inodes and begin alike."""

    secs: float = 5.0

    def begin(self, site: Site) -> None:
        """The ledger must name exactly the unread lines."""

        def replace(log: HostLog) -> None:
            assert log.replace(same_inode=True), "this file system does not use inodes again"

        _behind_its_back(site, replace)

    def end(self, site: Site) -> None:
        """The producer is started again."""
        site.start("produce")
        found(site, HostWriter).resume()


@dataclass(frozen=True)
class Recreated:
    """Under a running producer that has read all, files are removed and made anew, again and again."""

    times: int = 4
    secs: float = 2.0

    def begin(self, site: Site) -> None:
        """Nothing is lost: what was removed has been read, or is held open."""
        writer = found(site, HostWriter)
        for _ in range(self.times):
            writer.pause()
            for log in writer.logs:
                log.replace(same_inode=False)
            writer.resume()
            site.hold(self.secs)

    def end(self, site: Site) -> None:
        """Nothing to heal."""
        found(site, HostWriter).resume()


def _behind_its_back(site: Site, act: Callable[[HostLog], None]) -> None:
    writer = found(site, HostWriter)
    writer.pause()
    expect_read(site, *(log.path for log in writer.logs))
    site.kill("produce")
    for log in writer.logs:
        first, begin = log.sequence, log.path.stat().st_size
        log.write(UNSEEN_LINES)
        writer.gone_bytes[str(log.path), begin] = log.path.stat().st_size
        writer.gone[log.source] |= set(range(first, log.sequence))
        act(log)
        log.write(1)
