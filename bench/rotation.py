"""Is what a producer reports as lost what is lost? Containers rotated as kubelet does, a producer stopped meanwhile.

::

    python -m bench.rotation --secs 300

Twenty containers' files are rotated once a second each, all but the newest rotated file compressed, five kept.
Meanwhile the producer is stopped again and again, by SIGTERM and by SIGKILL in turn, for k seconds, k = 0..6. At the
end every byte that was written is looked for in Kafka, and what is missing is compared with what the ledger says.
"""

from __future__ import annotations

import argparse
import bisect
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.pipeline import Pipeline
from deploy.cli.output import print_json
from deploy.demo.cri import RisingTime, encode
from deploy.demo.lines import Lines, Profile
from deploy.demo.rotation import RotationLimits, rotate
from deploy.local.stack import Stack
from schemas.identity import FIRST_LINE_MAX_BYTES, incarnation, source_id

NODE: Final = "node-1"
KUBELETS: Final = RotationLimits(gzip_level=1, unique_names=True)
"""kubelet's own, but for names: it loses a file that is rotated twice within a second."""

LINES: Final = Lines(Profile(long_share=0.01))

Line = tuple[int, int]
"""A line in a file: number of the container's file, counted from the first; position of its first byte."""


class Rotated:
    """One container: its runtime, and all that was ever written to its files."""

    def __init__(self, root: Path, pod: str) -> None:
        self.pod = pod
        self.source = source_id(NODE, "container_files", "load", pod, f"uid-{pod}", "app")
        self.live = root / f"var/log/pods/load_{pod}_uid-{pod}/app/0.log"
        self.live.parent.mkdir(parents=True)
        self.files: list[bytearray] = []
        self.written_at: dict[Line, float] = {}
        """Line -> when it was written, seconds since 1970."""
        self._clock = RisingTime()
        self._sequence = 0
        self._reopen()
        link = root / f"var/log/containers/{pod}_load_app-{'0' * 64}.log"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(self.live)

    def _reopen(self) -> None:
        self._file = self.live.open("ab", buffering=0)
        self.files.append(bytearray())

    def write(self, lines: int) -> None:
        """So many lines more; a long one is two in the file."""
        pieces = LINES.pieces(self.pod.encode(), self._sequence, lines)
        now = time.time_ns()
        written = encode(pieces, self._clock.take(len(pieces), now))
        self._sequence += lines
        at = len(self.files[-1])
        for line in written.splitlines(keepends=True):
            self.written_at[len(self.files) - 1, at] = now / 1e9
            at += len(line)
        self.files[-1] += written
        self._file.write(written)

    def rotate(self, limits: RotationLimits = KUBELETS) -> None:
        """As kubelet does, whatever the file's size."""
        old = self._file
        rotate(self.live, limits, time.time(), self._reopen)
        old.close()

    def lives(self) -> list[bytes]:
        """The incarnation of each file; empty where nothing was written to it."""
        firsts = [bytes(content[:FIRST_LINE_MAX_BYTES]).partition(b"\n")[0] for content in self.files]
        return [incarnation(self.source, 0, first) if first else b"" for first in firsts]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


@dataclass
class Findings:
    """What became of all lines, summed over containers."""

    written: int = 0
    missing: int = 0
    """Lines that are not in Kafka."""
    reported: int = 0
    """Lines that the ledger says are lost."""
    silent: int = 0
    """Missing and not reported."""
    false: int = 0
    """Reported and not missing."""
    false_age_secs: float = 0.0
    """How long before the nearest later kill the oldest of those was written."""
    altered: int = 0
    """Chunks that say something else than was written."""
    reports: int = 0
    empty_reports: int = 0
    """Of those, such as name no line at all."""
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Arrived:
    """What is in Kafka."""

    chunks: Mapping[bytes, list[tuple[int, bytes]]]
    """Incarnation -> positions and payloads."""
    losses: Mapping[str, list[dict[str, Any]]]
    """Source -> entries of the ledger about what is lost."""


def arrived(pipeline: Pipeline) -> Arrived:
    """Read back everything a producer sent."""
    chunks: dict[bytes, list[tuple[int, bytes]]] = {}
    for chunk in pipeline.values("raw", "raw_chunk"):
        chunks.setdefault(chunk["incarnation"], []).append((chunk["offset"], chunk["payload"]))
    losses: dict[str, list[dict[str, Any]]] = {}
    for entry in pipeline.values("ledger", "ledger_entry"):
        if not any(outcome.startswith("lost/") for outcome in entry["outcomes"]):
            continue
        losses.setdefault(entry["source_id"], []).append(entry)
    return Arrived(chunks, losses)


def judged(containers: list[Rotated], there: Arrived, kills: list[float] | None = None) -> Findings:
    """Compare what was written with what is there. ``kills``: when the producer was killed, seconds since 1970."""
    findings = Findings()
    for each in containers:
        missing, reported = _missing(each, there, findings), _reported(each, there, findings)
        findings.written += len(each.written_at)
        findings.missing += len(missing)
        findings.reported += len(reported)
        findings.silent += len(missing - reported)
        findings.false += len(reported - missing)
        for line in reported - missing:
            later = [kill for kill in kills or [] if kill >= each.written_at[line]]
            age = min(later, default=float("inf")) - each.written_at[line]
            findings.false_age_secs = max(findings.false_age_secs, age)
        _note(findings, each, "missing, not reported", missing - reported)
        _note(findings, each, "reported, not missing", reported - missing)
    return findings


def _note(findings: Findings, container: Rotated, what: str, lines: set[Line]) -> None:
    if lines and len(findings.examples) < 10:
        findings.examples.append(f"{container.pod}: {what}: {len(lines)} lines, {min(lines)} to {max(lines)}")


def _missing(container: Rotated, there: Arrived, findings: Findings) -> set[Line]:
    missing = set()
    starts = sorted(container.written_at)
    for number, (life, content) in enumerate(zip(container.lives(), container.files, strict=True)):
        covered = bytearray(len(content))
        for offset, payload in there.chunks.get(life, []):
            findings.altered += content[offset : offset + len(payload)] != payload
            covered[offset : offset + len(payload)] = b"\x01" * len(payload)
        own = starts[bisect.bisect_left(starts, (number, 0)) : bisect.bisect_left(starts, (number + 1, 0))]
        ends = [*(start for _, start in own[1:]), len(content)][: len(own)]
        missing |= {line for line, end in zip(own, ends, strict=True) if not all(covered[line[1] : end])}
    return missing


def _reported(container: Rotated, there: Arrived, findings: Findings) -> set[Line]:
    number = {life.hex(): number for number, life in enumerate(container.lives()) if life}
    reported: set[Line] = set()
    for entry in there.losses.get(container.source, []):
        begin: Line = number[entry["incarnation"]], entry["start"]
        following = entry["next_incarnation"]
        if not entry["open_end"]:
            end = begin[0], entry["end"]
        else:
            end = (len(container.files), 0) if following is None else (number[following], 0)
        lines = {line for line in container.written_at if begin <= line < end}
        findings.reports += 1
        findings.empty_reports += not lines
        reported |= lines
    return reported


class Kubelet(threading.Thread):
    """Writes to all containers all the time, and rotates each once a second."""

    def __init__(self, containers: list[Rotated]) -> None:
        super().__init__(daemon=True)
        self._containers = containers
        self._ended = threading.Event()
        self.rotations = 0

    def run(self) -> None:
        """Until `stop`. The containers' turns are spread over the second."""
        began = time.monotonic()
        while not self._ended.is_set():
            for number, each in enumerate(self._containers):
                due = began + self.rotations + number / len(self._containers)
                while time.monotonic() < due:
                    self._write_some()
                    time.sleep(0.02)
                each.write(1)
                each.rotate()
            self.rotations += 1

    def _write_some(self) -> None:
        for each in random.sample(self._containers, len(self._containers) // 2):
            each.write(random.randrange(1, 3))

    def stop(self) -> None:
        """Stop writing."""
        self._ended.set()
        self.join()


def disturb(pipeline: Pipeline, secs: float) -> tuple[list[dict[str, Any]], list[float]]:
    """Stop and start the producer for so long; returns the pauses, and when it was killed."""
    pauses: list[dict[str, Any]] = []
    kills: list[float] = []
    until = time.monotonic() + secs
    while time.monotonic() < until:
        time.sleep(random.uniform(4, 6))
        k, how = len(pauses) // 2 % 7, ("SIGTERM", "SIGKILL")[len(pauses) % 2]
        if how == "SIGKILL":
            kills.append(time.time())
            pipeline.kill("produce")
        else:
            assert pipeline.stop("produce") == 0
        pauses.append({"signal": how, "secs": k})
        time.sleep(k)
        pipeline.start("produce")
    return pauses, kills


def settled(pipeline: Pipeline, containers: list[Rotated], kills: list[float]) -> Findings:
    """Wait until everything that can come has come, and judge it."""

    def look() -> tuple[int, int]:
        return pipeline.topic_size("raw"), pipeline.topic_size("ledger")

    last = (-1, -1)
    while (now := look()) != last:
        last = now
        time.sleep(5)
    return judged(containers, arrived(pipeline), kills)


def _measured(place: Path, files: int, secs: float) -> Iterator[dict[str, Any]]:
    with Stack(place / "servers", servers=("kafka",)) as stack:
        folder = place / "pipeline"
        folder.mkdir()
        name = f"rotation{os.getpid()}"
        with Pipeline(folder, name, stack.endpoints.bootstrap_servers, "http://localhost:9200") as pipeline:
            containers = [Rotated(pipeline.node, f"app-{number:02d}") for number in range(files)]
            kubelet = Kubelet(containers)
            pipeline.start("produce")
            kubelet.start()
            pauses, kills = disturb(pipeline, secs)
            kubelet.stop()
            findings = settled(pipeline, containers, kills)
            yield {"rotations": kubelet.rotations * files, "pauses": len(pauses), **asdict(findings)}
            sys.stderr.write(pipeline.log("produce")[-2000:] if findings.silent else "")


def main() -> None:
    """By command line; prints JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.rotation", description="Compare reported and true loss.")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--secs", type=float, default=300.0)
    parser.add_argument("--folder", type=Path, help="where files and Kafka's data go; removed afterwards")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="logferry-rotation-", dir=asked.folder))
    place.chmod(0o755)
    try:
        for row in _measured(place, asked.files, asked.secs):
            print_json(row)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
