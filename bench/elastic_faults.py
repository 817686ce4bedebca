"""What the Elasticsearch sink makes of records while Elasticsearch, the network and its own processes fail.

::

    python -m bench.elastic_faults --secs 300

Between the sink and the real Elasticsearch stands a proxy: 429 for 10 % of the documents inside a 200, 429 for whole
requests, bursts of 503, a time of 401, late answers, resets before and after acceptance, half answers. One record in
5,000 is refused for good, another one in 5,000 as it is. Three processes share the topic; every few seconds one of them
is killed and another one leaves the group or joins it. Meanwhile everything below the committed offsets must be
searchable or a dead letter; at the end every record must be in exactly one place, once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from bench.elastic_oracle import Oracle
from bench.elastic_proxy import ElasticProxy, Fault, Weather
from bench.elastic_records import CONFLICTING, DAY, DAYS, NOON, Sender
from bench.pipeline import Pipeline
from deploy.cli.output import print_json
from deploy.local.stack import Stack
from schemas.identity import index_name

MIXED: Final = Weather(
    {
        Fault.SOME_REFUSED: 6,
        Fault.FEWER: 2,
        Fault.RESET_EARLY: 1,
        Fault.RESET_LATE: 2,
        Fault.CUT: 1,
        Fault.SHORTENED: 1,
        Fault.TIMED_OUT: 1,
        Fault.SLOW: 1,
        Fault.FOREIGN: 1,
        Fault.BUSY: 1,
    },
    slow_secs=2.5,
)
BURSTS: Final = ((8.0, 9.5, Fault.UNAVAILABLE), (11.0, 12.0, Fault.BUSY))
"""Of every 13 seconds: from, to, what every request meets then."""
CYCLE_SECS: Final = 13.0
SETTINGS: Final[dict[str, Any]] = {
    "batch_max_bytes": 256 * 1024,
    "batch_max_age_secs": 0.3,
    "request_timeout_secs": 2.0,
}
"""Small requests, so that there are many; an answer that is later than `slow_secs` is not waited for."""
STAYING: Final = ("a", "b", "c")
"""Members that are killed, and started again before the group misses them."""
GUEST: Final = "guest"
"""A member that comes and goes; the group hands partitions over each time."""


@dataclass(frozen=True)
class Plan:
    """What one run does."""

    secs: float
    rate: float
    """Records a second."""
    every_secs: float
    """Between two disturbances."""
    unauthorized_secs: float


class Members:
    """Processes of one sink."""

    def __init__(self, pipeline: Pipeline, every_secs: float) -> None:
        self._pipeline = pipeline
        self._every = every_secs
        self._next = time.monotonic() + every_secs
        self._staying = deque(STAYING)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._begins: dict[str, int] = {}
        """Where the log of a member's present life begins."""
        self.kills = self.comings = self.goings = 0
        self.died: list[str] = []
        """Who ended without being asked to, or not as asked."""
        self.slowest_stop_secs = 0.0

    def start(self, *members: str) -> None:
        """Start members; the guest has no name that the group would keep a place for."""
        for member in members:
            environment = os.environ | {"LOGFERRY_METRICS__PORT": "0"}
            if member != GUEST:
                environment["LOGFERRY_KAFKA__INSTANCE"] = f"{self._pipeline.index}-{member}"
            command = [sys.executable, "-m", "deploy.cli", "sink", "search", "--config", str(self._pipeline.config)]
            with self._log(member).open("ab") as log:
                self._begins[member] = log.tell()
                self._running[member] = subprocess.Popen(
                    command, stdout=log, stderr=log, start_new_session=True, env=environment
                )

    def look(self) -> None:
        """Do what is due; start again what ended by itself, as a supervisor would."""
        for member in [each for each, process in self._running.items() if process.poll() is not None]:
            self.died.append(f"{member}: status {self._running.pop(member).returncode}")
            self.start(member)
        if time.monotonic() >= self._next:
            self._disturb()

    def _disturb(self) -> None:
        victim = next((member for member in self._staying if self._is_at_work(member)), None)
        if victim is None:
            return
        self._next = time.monotonic() + self._every
        self._staying.rotate(-1 - self._staying.index(victim))
        self._end(victim, signal.SIGKILL)
        self.kills += 1
        self.start(victim)
        if GUEST not in self._running:
            self.start(GUEST)
            self.comings += 1
        elif self._is_at_work(GUEST):
            self.leave(GUEST)
            self.goings += 1

    def _is_at_work(self, member: str) -> bool:
        """Whether it has got partitions since it was started; a busy machine may take its time."""
        with self._log(member).open("rb") as log:
            log.seek(self._begins[member])
            return f"assigned: {self._pipeline.index}".encode() in log.read()

    def _log(self, member: str) -> Path:
        return self._pipeline.folder / f"search-{member}.log"

    def calm(self) -> None:
        """From now on nobody is disturbed."""
        self._next = float("inf")

    def leave(self, member: str) -> None:
        """SIGTERM."""
        began = time.monotonic()
        status = self._end(member, signal.SIGTERM)
        self.slowest_stop_secs = max(self.slowest_stop_secs, time.monotonic() - began)
        if status not in (0, -signal.SIGTERM):  # which it is before it has learned what that means
            self.died.append(f"{member}: status {status} after SIGTERM")

    def _end(self, member: str, number: signal.Signals) -> int:
        process = self._running.pop(member)
        process.send_signal(number)
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def close(self) -> None:
        """End all of them."""
        for member in list(self._running):
            self._end(member, signal.SIGKILL)


def run(pipeline: Pipeline, plan: Plan) -> dict[str, Any]:
    """Send, disturb, wait until everything is delivered, judge."""
    topic = f"{pipeline.index}.app"
    _make_indices(pipeline)
    with ElasticProxy(pipeline.url) as proxy:
        pipeline.configure(pipeline.config.read_text().replace(pipeline.url, proxy.url))
        sender = Sender(pipeline, topic, plan.rate)
        members = Members(pipeline, plan.every_secs)
        oracle = Oracle(pipeline, sender, topic, f"{pipeline.index}-search")
        try:
            members.start(*STAYING)
            sender.start()
            looks = _disturbed(plan, proxy, members, oracle)
            sender.stop()
            drained_secs = _drained(sender, members, oracle)
            verdict = oracle.judge()
        finally:
            members.close()
            oracle.close()
    return {
        "sent": sender.sent,
        **asdict(verdict),
        "looks": looks,
        "drained_secs": round(drained_secs, 1),
        "kills": members.kills,
        "comings": members.comings,
        "goings": members.goings,
        "died": members.died,
        "slowest_stop_secs": round(members.slowest_stop_secs, 1),
        "bulk_requests": proxy.bulk_requests,
        "refused_documents": proxy.refused_documents,
        "faults": {fault.name.lower(): proxy.met[fault] for fault in Fault},
    }


def _make_indices(pipeline: Pipeline) -> None:
    """Indices with a mapping that some records do not fit."""
    body = {"settings": {"number_of_replicas": 0, "refresh_interval": "1s"}, "mappings": CONFLICTING}
    for day in range(DAYS):
        name = index_name(f"{pipeline.index}-%Y.%m.%d", NOON + day * DAY)
        request = urllib.request.Request(f"{pipeline.url}/{name}", orjson.dumps(body), method="PUT")
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()


def _disturbed(plan: Plan, proxy: ElasticProxy, members: Members, oracle: Oracle) -> int:
    """The time in which things happen. Returns how often it was looked at what is committed."""
    began, looks = time.monotonic(), 0
    while (passed := time.monotonic() - began) < plan.secs or (passed < 4 * plan.secs and _lacks(proxy, members)):
        proxy.weather = weather(plan, passed)
        members.look()
        oracle.look()
        looks += 1
        time.sleep(0.2)
    proxy.weather = Weather()
    members.calm()
    return looks


def _lacks(proxy: ElasticProxy, members: Members) -> bool:
    """Whether something has not happened yet: on a busy machine processes take long to begin."""
    return min(members.kills, members.comings, members.goings) < 2 or any(proxy.met[fault] == 0 for fault in Fault)


def weather(plan: Plan, passed: float) -> Weather:
    """What Elasticsearch is like so many seconds after the beginning."""
    since = passed - 0.4 * plan.secs
    if 0 <= since < plan.unauthorized_secs:
        return Weather(lasting=Fault.UNAUTHORIZED)
    at = passed % CYCLE_SECS
    return next((Weather(lasting=fault) for first, last, fault in BURSTS if first <= at < last), MIXED)


def _drained(sender: Sender, members: Members, oracle: Oracle, quiet_secs: float = 60.0) -> float:
    """Wait until everything is committed, or nothing more is for so long. Returns the seconds that it took."""
    began = since = time.monotonic()
    last = oracle.look()
    while last < sender.sent and time.monotonic() - since < quiet_secs:
        time.sleep(0.3)
        members.look()
        if (now := oracle.look()) != last:
            last, since = now, time.monotonic()
    return time.monotonic() - began


def settings() -> dict[str, Any]:
    """What differs from a pipeline's own settings."""
    return {"sinks": {"search": SETTINGS}}


def _measured(place: Path, plan: Plan) -> Iterator[dict[str, Any]]:
    with Stack(place / "servers") as stack:
        folder = place / "pipeline"
        folder.mkdir()
        where, name = stack.endpoints, f"faults{os.getpid()}"
        with Pipeline(folder, name, where.bootstrap_servers, where.elasticsearch_url, **settings()) as pipeline:
            found = run(pipeline, plan)
            sys.stderr.write(pipeline.tails() if found["died"] or found["missing"] else "")
            yield found


def main() -> None:
    """By command line; prints JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.elastic_faults", description="Elasticsearch on bad days.")
    parser.add_argument("--secs", type=float, default=300.0)
    parser.add_argument("--rate", type=float, default=2000.0, help="records a second")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two disturbances")
    parser.add_argument("--unauthorized", type=float, default=60.0, help="seconds of 401")
    parser.add_argument("--folder", type=Path, help="where the servers' data goes; removed afterwards")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="logferry-faults-", dir=asked.folder))
    place.chmod(0o755)
    try:
        for row in _measured(place, Plan(asked.secs, asked.rate, asked.every, asked.unauthorized)):
            print_json(row)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
