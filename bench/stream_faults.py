"""What stream workers make of lines while they are killed, stopped and started: missing, altered, doubled, made up.

::

    python -m bench.stream_faults --secs 300

Twenty containers write 5,000 lines a second, one in ten of them a piece of a longer one, one in three part of a stack
trace, both streams into each other, files rotated in the middle of all that. Three workers read what the producer
ships; every few seconds one of them is killed, or stopped, and started again. At the end every event that was written
is looked for in the routed topic and in Elasticsearch, every record must be an event, and the ledger must balance.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Producer

from bench.pipeline import Pipeline
from bench.stream_events import STREAMS, Judge, Source, Verdict, pieces_of
from deploy.cli.output import print_json
from deploy.demo.cri import Piece
from deploy.demo.logfile import ContainerLog
from deploy.demo.rotation import RotationLimits, rotate
from deploy.local.stack import Stack
from runtime.kafka import client_config
from schemas.codec import Codec
from schemas.identity import FIRST_LINE_MAX_BYTES, incarnation, source_id

NODE: Final = "node-1"
KEEP_ALL: Final = RotationLimits(gzip_level=1, unique_names=True, max_files=100_000)
"""Nothing is lost before it is read: the producer's losses are bench.rotation's matter."""
WORKERS: Final = ("stream-1", "stream-2", "stream-3")
TRACE_PAUSE_SECS: Final = 5.0
"""Longest pause within a trace; a busy machine may keep the writer from writing for a second."""
UNKNOWN_PODS: Final = 4
"""So many containers are of pods that logs.pods does not know: every worker waits for them once."""

LITTLE_BYTES: Final = 1024 * 1024
"""In flight at most: so little that chunks wait for room, also while the group rebalances."""


class Talker:
    """One container: writes events of both streams piece by piece into its file."""

    def __init__(self, root: Path, number: int, chance: random.Random) -> None:
        self.number = number
        self.pod = f"app-{number:02d}"
        self.uid = f"uid-{self.pod}"
        self.key = source_id(NODE, "container_files", "load", self.pod, self.uid, "app")
        self.begun = dict.fromkeys(STREAMS, 0)
        """Events of each stream."""
        self.files: list[tuple[bytes, int, int]] = []
        """Of each file that is finished: incarnation, bytes and lines."""
        self._chance = chance
        self._waiting: dict[str, deque[Piece]] = {stream: deque() for stream in STREAMS}
        self._log = ContainerLog(root / f"var/log/pods/load_{self.pod}_{self.uid}/app/0.log")
        self._lines = 0
        link = root / f"var/log/containers/{self.pod}_load_app-{'0' * 64}.log"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(self._log.path)

    def write(self, count: int) -> None:
        """So many lines more."""
        self._write([self._next(self._chance.choice(STREAMS)) for _ in range(count)])

    def _next(self, stream: str) -> Piece:
        waiting = self._waiting[stream]
        if not waiting:
            waiting += pieces_of(Source(self.number, stream), self.begun[stream])
            self.begun[stream] += 1
        return waiting.popleft()

    def _write(self, pieces: list[Piece]) -> None:
        self._log.write_pieces(pieces, time.time_ns())
        self._lines += len(pieces)

    def rotate(self) -> None:
        """As kubelet does, wherever the writing has come to."""
        self._note_file()
        rotate(self._log.path, KEEP_ALL, time.time(), lambda: self._log.reopen(time.time_ns()))

    def _note_file(self) -> None:
        content = self._log.path.read_bytes()
        first = content[:FIRST_LINE_MAX_BYTES].partition(b"\n")[0]
        self.files.append((incarnation(self.key, 0, first), len(content), self._lines))
        self._lines = 0

    def finish(self) -> None:
        """Write what is begun to its end."""
        self._write([piece for stream in STREAMS for piece in self._waiting[stream]])
        self._note_file()
        self._log.close(time.time_ns())


class Writer(threading.Thread):
    """Lets all containers write at a rate, and rotates each every few seconds."""

    def __init__(self, talkers: list[Talker], lines_per_sec: float, rotate_secs: float) -> None:
        super().__init__(daemon=True)
        self._talkers = talkers
        self._rate = lines_per_sec
        self._rotate_secs = rotate_secs
        self._ended = threading.Event()
        self.lines = 0
        self.rotations = 0

    def run(self) -> None:
        """Until `stop`."""
        began, share = time.monotonic(), len(self._talkers)
        while not self._ended.wait(0.02):
            passed = time.monotonic() - began
            due = int(self._rate * passed) - self.lines
            for talker in self._talkers if due >= share else []:
                talker.write(due // share)
                self.lines += due // share
            if passed / self._rotate_secs * share > self.rotations:
                self._talkers[self.rotations % share].rotate()
                self.rotations += 1

    def stop(self) -> None:
        """Stop writing, with everything that was begun written to its end."""
        self._ended.set()
        self.join()
        for talker in self._talkers:
            talker.finish()


class Disturbance:
    """Kills, stops and starts the workers in turn."""

    def __init__(self, pipeline: Pipeline, every_secs: float) -> None:
        self._pipeline = pipeline
        self._every = every_secs
        self._next = time.monotonic() + every_secs
        self._away: deque[tuple[float, str]] = deque()
        self.kills = self.stops = 0
        self.slowest_stop_secs = 0.0

    def look(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        while self._away and self._away[0][0] <= now:
            self._pipeline.start(self._away.popleft()[1])
        if now >= self._next:
            self._next = now + self._every
            self._disturb()

    def _disturb(self) -> None:
        worker = WORKERS[(self.kills + self.stops) % len(WORKERS)]
        if worker not in self._pipeline.processes or not self._pipeline.has_begun(worker):
            self._next = time.monotonic() + 0.5
            return
        began = time.monotonic()
        if self.kills <= self.stops:
            self._pipeline.kill(worker)
            self.kills += 1
        else:
            assert self._pipeline.stop(worker, 30) == 0, self._pipeline.tails()
            self.stops += 1
            self.slowest_stop_secs = max(self.slowest_stop_secs, time.monotonic() - began)
        self._away.append((began + self._every * 0.6, worker))

    def end(self) -> None:
        """Start whoever is away."""
        while self._away:
            self._pipeline.start(self._away.popleft()[1])


def settings() -> dict[str, Any]:
    """What differs from a pipeline's own settings."""
    return {"producer": {"node": NODE}, "stream": {"in_flight_max_bytes": LITTLE_BYTES}}


MULTILINE: Final = f'\nmultiline: [{{match: "**", mode: auto, timeout_secs: {TRACE_PAUSE_SECS}}}]\n'


def run(
    pipeline: Pipeline, *, secs: float, lines_per_sec: float, containers: int, every_secs: float, rotate_secs: float
) -> dict[str, Any]:
    """Write, disturb, wait until everything is there, judge."""
    pipeline.configure(pipeline.config.read_text() + MULTILINE)
    chance = random.Random(20261121)
    talkers = [Talker(pipeline.node, number, chance) for number in range(containers)]
    _tell_pods(pipeline, talkers[UNKNOWN_PODS:])
    judge = Judge(pipeline)
    pipeline.start("produce", "search", *WORKERS)
    writer = Writer(talkers, lines_per_sec, rotate_secs)
    disturbance = Disturbance(pipeline, every_secs)
    writer.start()
    until = time.monotonic() + secs
    while time.monotonic() < until:
        disturbance.look()
        judge.read(0.3)
    writer.stop()
    disturbance.end()
    verdict = _judged(pipeline, judge, talkers)
    return {
        "lines": sum(lines for talker in talkers for _, _, lines in talker.files),
        "rotations": writer.rotations,
        "kills": disturbance.kills,
        "stops": disturbance.stops,
        "slowest_stop_secs": round(disturbance.slowest_stop_secs, 1),
        **asdict(verdict),
    }


def _tell_pods(pipeline: Pipeline, talkers: list[Talker]) -> None:
    producer = Producer(client_config(pipeline.settings.kafka, "bench"))
    codec = Codec("pod")
    for talker in talkers:
        pod = {"uid": talker.uid, "namespace": "load", "name": talker.pod, "observed_at": time.time_ns()}
        told = {**pod, "labels": {"app": talker.pod}}
        producer.produce(pipeline.settings.topics.names.pods, codec.encode(told), talker.uid)
    assert producer.flush(30) == 0


def _judged(pipeline: Pipeline, judge: Judge, talkers: list[Talker]) -> Verdict:
    written = {Source(talker.number, stream): talker.begun[stream] for talker in talkers for stream in STREAMS}
    expected = sum(written.values())
    pipeline.wait_until(lambda: judge.read(0.5), lambda arrived: arrived >= expected, "all events", 60)
    until = time.monotonic() + TRACE_PAUSE_SECS + 5  # what is made up comes late: when a time-out is over
    while time.monotonic() < until:
        judge.read(0.5)
    verdict = judge.verdict(written)
    judge.close()
    lives = {life.hex(): (size, lines) for talker in talkers for life, size, lines in talker.files if size}
    judge.judge_ledger(verdict, lives)
    pipeline.wait_for_documents(judge.arrived, 60)
    judge.judge_documents(verdict, written)
    return verdict


def _measured(place: Path, asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    with Stack(place / "servers") as stack:
        folder = place / "pipeline"
        folder.mkdir()
        where, name = stack.endpoints, f"faults{os.getpid()}"
        with Pipeline(folder, name, where.bootstrap_servers, where.elasticsearch_url, **settings()) as pipeline:
            yield run(
                pipeline, secs=asked.secs, lines_per_sec=asked.rate, containers=asked.containers,
                every_secs=asked.every, rotate_secs=4.0,
            )  # fmt: skip


def main() -> None:
    """By command line; prints JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.stream_faults", description="Stream workers come and go.")
    parser.add_argument("--containers", type=int, default=20)
    parser.add_argument("--rate", type=float, default=5000.0, help="lines a second, all containers together")
    parser.add_argument("--secs", type=float, default=300.0)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two disturbances")
    parser.add_argument("--folder", type=Path, help="where files and the servers' data go; removed afterwards")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="logferry-faults-", dir=asked.folder))
    place.chmod(0o755)
    try:
        for row in _measured(place, asked):
            print_json(row)
            sys.stdout.flush()
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
