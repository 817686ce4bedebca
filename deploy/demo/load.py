"""Load for tests with an oracle and for benchmarks: many containers' log files, written as fast as asked.

Through the same formats, files, rotation and pods as the demo, but without programs: `lines` makes the lines, this
writes them. As a library: `Load(root, plan).write()`. As a process, which ends early but cleanly on SIGTERM and prints
a summary::

    python -m deploy.demo.load --root /tmp/node --files 20 --lines 1000000 --rate 30000 --rotate-every 1 --keep 1000

`oracle.Oracle.of(summary)` then knows what must have arrived.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.demo.cri import Piece, label
from deploy.demo.lines import CONTENT_POISON, RAW_POISON, Lines, Profile
from deploy.demo.logfile import ContainerLog
from deploy.demo.pods import ContainerSpec, PodRegister, PodSpec
from deploy.demo.rotation import RotationLimits, rotate_if_due

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH_LINES: Final = 500
ROUND_SECS: Final = 0.05
CONTAINER: Final = ContainerSpec("writer", argv=(), image="demo.example/logferry/load:1.0.0")


@dataclass(frozen=True)
class LoadPlan:
    """What to write."""

    files: int = 8
    """Containers, each with its file; sources are named load-00, load-01 …"""
    lines: int = 100_000
    """Lines in all, spread evenly."""
    first: int = 0
    """First sequence number of each source; above 0 to go on where an earlier load under the same root ended."""
    rate: float = 0.0
    """Lines per second in all; 0 means as fast as possible."""
    poison_every: int = 0
    """After so many lines of a source comes something indigestible, each kind in turn; 0 means never."""
    straddle: bool = False
    """Let rotations cut long lines in two (P in the old file, F in the new), as a real runtime's do."""
    profile: Profile = field(default_factory=Profile)
    """Kinds of line."""
    rotation: RotationLimits = field(default_factory=RotationLimits)
    """When files are rotated."""

    def lines_of(self, index: int) -> int:
        """Return how many lines the source with this index gets."""
        return self.lines // self.files + (index < self.lines % self.files)


@dataclass
class Writer:
    """One source on its way: its file and how far it has come."""

    pod: PodSpec
    log: ContainerLog
    sequence: int
    """Of its next line to be made."""
    end: int
    written: int
    """Of its next line that is not yet in the file."""
    poisoned: int = 0

    @property
    def source(self) -> str:
        """The name that its lines carry."""
        return self.pod.name


class Load:
    """Container log files under `root` to be written by `plan`. May raise OSError."""

    def __init__(self, root: Path, plan: LoadPlan, node: str = "load-node") -> None:
        self.plan = plan
        self.node = node
        self.register = PodRegister(root)
        self._lines = Lines(plan.profile)
        self._poison: Counter[str] = Counter()
        self._bytes = self._rotations = self._written = 0
        self._rotation_due = 0.0
        self._writers = [self._writer(index) for index in range(plan.files)]

    def pods(self) -> list[dict[str, Any]]:
        """Return the metadata of every pod, to be published before `write`."""
        return [self.register.record(writer.pod, self.node, time.time_ns()) for writer in self._writers]

    def write(
        self, *, progress: Callable[[int], None] | None = None, stop: threading.Event | None = None
    ) -> dict[str, Any]:
        """Write everything, or until `stop` is set, and return the summary.

        `progress` is called with the number of lines written so far, at most 20 times a second under a rate.
        """
        started = time.perf_counter()
        self._rotation_due = time.time() + self.plan.rotation.check_interval_secs
        while self._written < self.plan.lines and not (stop and stop.is_set()):
            self._round()
            if progress:
                progress(self._written)
            if self.plan.rate:
                time.sleep(max(0.0, started + self._written / self.plan.rate - time.perf_counter()))
        for writer in self._writers:
            writer.log.close(time.time_ns())
        return self._summary(time.perf_counter() - started)

    def written(self) -> dict[str, int]:
        """Return the lines written so far by source; may be asked while another thread writes."""
        return {writer.source: writer.written - self.plan.first for writer in self._writers}

    def _writer(self, index: int) -> Writer:
        name = f"load-{index:02d}"
        pod = PodSpec("load", name, (CONTAINER,), labels={"app": "load", "source": name})
        life = self.register.begin(pod, CONTAINER.name)
        log = ContainerLog(self.register.tree.log(pod, self.register.uid(pod), CONTAINER.name, life.restart))
        self.register.connect(pod, CONTAINER.name, life)
        first = self.plan.first
        return Writer(pod, log, first, first + self.plan.lines_of(index), first)

    def _round(self) -> None:
        """Give every source a batch, and rotate when it is time."""
        now = time.time()
        rotating = now >= self._rotation_due
        if rotating:
            self._rotation_due += self.plan.rotation.check_interval_secs
        for writer in self._writers:
            pieces = self._batch(writer)
            cut = _cut_inside_line(pieces) if rotating and self.plan.straddle else len(pieces)
            self._bytes += writer.log.write_pieces(pieces[:cut], time.time_ns())
            if rotating:
                self._rotate(writer.log, now)
            self._bytes += writer.log.write_pieces(pieces[cut:], time.time_ns())
            writer.written = writer.sequence
            self._add_poison(writer)

    def _batch(self, writer: Writer) -> list[Piece]:
        plan = self.plan
        size = max(1, min(BATCH_LINES, int(plan.rate * ROUND_SECS / plan.files))) if plan.rate else BATCH_LINES
        count = min(size, writer.end - writer.sequence)
        pieces = self._lines.pieces(writer.source.encode(), writer.sequence, count)
        writer.sequence += count
        self._written += count
        return pieces

    def _rotate(self, log: ContainerLog, now: float) -> None:
        rotated = rotate_if_due(log.path, self.plan.rotation, now, lambda: log.reopen(time.time_ns()))
        self._rotations += rotated is not None

    def _add_poison(self, writer: Writer) -> None:
        due = (writer.sequence - self.plan.first) // self.plan.poison_every if self.plan.poison_every else 0
        while writer.poisoned < due:
            kind = (*RAW_POISON, *CONTENT_POISON)[writer.poisoned % (len(RAW_POISON) + len(CONTENT_POISON))]
            if kind in RAW_POISON:
                self._bytes += writer.log.write_verbatim(RAW_POISON[kind])
            else:
                self._bytes += writer.log.write_pieces([(label("stdout"), CONTENT_POISON[kind])], time.time_ns())
            self._poison[kind] += 1
            writer.poisoned += 1

    def _summary(self, wall_secs: float) -> dict[str, Any]:
        return {
            "lines": self._written,
            "bytes": self._bytes,
            "wall_secs": round(wall_secs, 3),
            "lines_per_sec": round(self._written / wall_secs) if wall_secs else 0,
            "rotations": self._rotations,
            "poison": dict(self._poison),
            "pattern": self.register.tree.pattern,
            "profile": asdict(self.plan.profile),
            "sources": {
                w.source: {"first": self.plan.first, "lines": w.sequence - self.plan.first} for w in self._writers
            },
        }


def _cut_inside_line(pieces: list[Piece]) -> int:
    """Return the index behind the last P piece, which lies inside a line; the end where there is none."""
    return next((at for at in range(len(pieces) - 1, 0, -1) if pieces[at - 1][0].endswith(b"P")), len(pieces))


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.demo.load", description="Write container logs that prove themselves."
    )
    parser.add_argument("--root", type=Path, required=True, help="folder that gets var/log/containers")
    parser.add_argument("--node", default="load-node")
    for name, kind, default in (
        ("files", int, 8),
        ("lines", int, 100_000),
        ("first", int, 0),
        ("rate", float, 0.0),
        ("poison-every", int, 0),
        ("seed", int, 1),
        ("klog-share", float, 0.1),
        ("warn-share", float, 0.3),
        ("long-share", float, 0.0),
        ("long-bytes", int, 40_000),
        ("gzip-level", int, 6),
        ("keep", int, 5),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"default {default}")
    parser.add_argument(
        "--rotate-every", type=float, help="rotate so often (seconds), whatever the size; default: as kubelet"
    )
    parser.add_argument("--straddle", action="store_true", help="let rotations cut long lines in two")
    return parser.parse_args(words)


def plan_of(words: list[str]) -> LoadPlan:
    """Return the plan that a command line asks for."""
    asked = _arguments(words)
    forced = (
        {"check_interval_secs": asked.rotate_every, "max_bytes": 1, "unique_names": True} if asked.rotate_every else {}
    )
    return LoadPlan(
        files=asked.files,
        lines=asked.lines,
        first=asked.first,
        rate=asked.rate,
        poison_every=asked.poison_every,
        straddle=asked.straddle,
        profile=Profile(asked.seed, asked.klog_share, asked.warn_share, asked.long_share, asked.long_bytes),
        rotation=RotationLimits(max_files=asked.keep, gzip_level=asked.gzip_level, **forced),
    )


def main() -> None:
    """Write by command line and print the summary as JSON."""
    words = sys.argv[1:]
    asked, plan = _arguments(words), plan_of(words)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    summary = Load(asked.root, plan, asked.node).write(stop=stop)
    json.dump(summary, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
