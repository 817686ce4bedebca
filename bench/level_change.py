"""How long until every stream worker obeys a live rule, under load, and whether the group stays as it was.

::

    python -m bench.level_change --changes 100

The minimum severity of a probe's containers is set to DEBUG and to ERROR in turn, as ``logferry level set`` does. The
clock starts when the command begins to write, and stops when the last worker's ``logferry_stream_control_offset`` says
that the rule is in force there. Then each of the probe's containers writes a line of DEBUG and one of ERROR: the former
must come out if and only if that is what was set.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from bench.measure import scrape
from bench.pipeline import Pipeline
from bench.stream_faults import NODE, WORKERS, Talker, Writer
from bench.tasks import free_port
from deploy.cli.output import print_json
from deploy.demo.cri import label
from deploy.demo.logfile import ContainerLog
from deploy.local.stack import Stack
from deploy.rules.change import Wish, rule_value
from deploy.rules.topic import ControlTopic
from runtime.kafka import client_config
from schemas.codec import Codec

PROBES: Final = 12
"""Containers of the probe: enough for all partitions to have one."""
LOOK_SECS: Final = 0.01
APPLY_SECS: Final = 60.0
NO_WAITING: Final = {"pod_wait_secs": 0}
NO_LATER: Final = 1e9
_LINE: Final = re.compile(r"change=(\d+) level=(\w+)")


class Probe:
    """Containers that write when asked, and what has come out of their lines."""

    def __init__(self, pipeline: Pipeline) -> None:
        root = pipeline.node
        self._logs = [
            ContainerLog(root / f"var/log/pods/probe_p{at:02d}_uid-p{at:02d}/app/0.log") for at in range(PROBES)
        ]
        for at, log in enumerate(self._logs):
            link = root / f"var/log/containers/p{at:02d}_probe_app-{'0' * 64}.log"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(log.path)
        self._codec = Codec("log_record")
        self._consumer = Consumer(client_config(pipeline.settings.kafka, "reader") | {"group.id": "unused"})
        topic = f"{pipeline.index}.probe"
        partitions = range(pipeline.settings.topics.partitions)  # a broker may not know those of a new topic yet
        self._consumer.assign([TopicPartition(topic, each, 0) for each in partitions])

    def write(self, change: int) -> None:
        """A line of DEBUG and one of ERROR in each."""
        for log in self._logs:
            lines = [f'{{"level":"{level}","msg":"change={change} level={level}"}}' for level in ("debug", "error")]
            log.write_pieces([(label("stdout"), line.encode()) for line in lines], time.time_ns())

    def came(self, change: int) -> int:
        """How many lines of DEBUG of a change came out, once all of ERROR have. Raises TimeoutError."""
        found = {"debug": 0, "error": 0}
        until = time.monotonic() + APPLY_SECS
        while found["error"] < PROBES:
            if time.monotonic() > until:
                raise TimeoutError(f"lines of change {change}: {found}")
            for each in self._consumer.consume(100, 0.05):
                value = each.value()
                record = self._codec.decode(value) if each.error() is None and value is not None else None
                if isinstance(record, dict) and (line := _LINE.search(record["body"])) and int(line[1]) == change:
                    found[line[2]] += 1
        return found["debug"]

    def close(self) -> None:
        """No more lines."""
        self._consumer.close()
        for log in self._logs:
            log.close(time.time_ns())


class Levels:
    """Sets the probe's minimum severity as the command line does."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._settings = pipeline.settings
        self._topic = ControlTopic(pipeline.settings)
        self._topic.read()
        self._known = -1

    def set(self, minimum: str) -> int:
        """Returns the offset of the rule in logs.control."""
        wish = Wish("severity", {"match": "kube.probe.**", "minimum": minimum}, "probe", "bench", "measuring", None)
        value = rule_value(wish, self._topic.versions, self._settings, time.time_ns())
        (offset,) = self._topic.write([(value["id"], value)])
        return offset

    def learn(self, offset: int) -> None:
        """Know the version that was set."""
        self._topic.since(self._known, offset)
        self._known = offset


def settings() -> dict[str, Any]:
    """What differs from a pipeline's own settings."""
    return {"producer": {"node": NODE}, "stream": NO_WAITING}


def _route_probe(pipeline: Pipeline) -> None:
    text = pipeline.config.read_text()
    ours = f"- {{match: kube.probe.**, topic: {pipeline.index}.probe}}"
    pipeline.configure(text.replace("routes:\n", f"routes:\n{ours}\n"))


def group_of(pipeline: Pipeline) -> dict[str, Any]:
    """State of the group, and which member has which partitions."""
    admin = AdminClient(client_config(pipeline.settings.kafka, "bench"))
    name = pipeline.settings.stream.group
    told = admin.describe_consumer_groups([name])[name].result(20)
    members = {
        each.member_id: sorted(one.partition for one in each.assignment.topic_partitions) for each in told.members
    }
    return {"state": told.state.name, "members": members}


def rebalances(pipeline: Pipeline) -> int:
    """How often the workers' logs tell of revoked or assigned partitions."""
    return sum(pipeline.log(worker).count("partitions ") for worker in WORKERS)


def run(pipeline: Pipeline, *, changes: int, lines_per_sec: float, containers: int) -> dict[str, Any]:
    """Change and measure."""
    _route_probe(pipeline)
    probe = Probe(pipeline)
    ports = {worker: free_port() for worker in WORKERS}
    pipeline.start("produce")
    for worker, port in ports.items():
        pipeline.start(worker, metrics_port=port)
    chance = random.Random(20261121)
    writer = Writer([Talker(pipeline.node, each, chance) for each in range(containers)], lines_per_sec, NO_LATER)
    writer.start()
    _wait_for_group(pipeline)
    before = group_of(pipeline), rebalances(pipeline)
    levels, written, secs, disobeyed = Levels(pipeline), [], [], 0
    for change in range(changes):
        minimum = ("debug", "error")[change % 2]
        began = time.monotonic()
        offset = levels.set(minimum)
        written.append(time.monotonic() - began)
        secs.append(_applied(ports, offset) - began)
        levels.learn(offset)
        probe.write(change)
        disobeyed += abs(probe.came(change) - (PROBES if minimum == "debug" else 0))
    after = group_of(pipeline), rebalances(pipeline)
    writer.stop()
    probe.close()
    return {
        **_quantiles(secs),
        "of_it_write": _quantiles(written),
        "changes": changes,
        "lines": writer.lines,
        "disobeyed_lines": disobeyed,
        "rebalances": after[1] - before[1],
        "group_changed": before[0] != after[0],
        "group": after[0]["state"],
    }


def _wait_for_group(pipeline: Pipeline) -> None:
    def shares() -> list[int]:
        return sorted(len(partitions) for partitions in group_of(pipeline)["members"].values())

    def begun() -> int:
        return sum("partitions assigned" in pipeline.log(worker) for worker in WORKERS)

    pipeline.wait_until(begun, lambda found: found == len(WORKERS), "three workers in the group", 60)
    # Faust moves nothing as long as nobody has more than two of four: a worker that comes a moment later may stand by.
    wanted = (len(WORKERS), pipeline.settings.topics.partitions)
    pipeline.wait_until(
        shares, lambda found: (len(found), sum(found)) == wanted, "three members with all partitions", 60
    )
    time.sleep(2)


def _applied(ports: Mapping[str, int], offset: int) -> float:
    """When the last worker had applied what stands at an offset, by a monotonic clock. Raises TimeoutError."""
    waiting, until = set(ports.values()), time.monotonic() + APPLY_SECS
    while waiting:
        waiting -= {port for port in waiting if scrape(port).get("logferry_stream_control_offset", -1.0) >= offset}
        if time.monotonic() > until:
            raise TimeoutError(f"{len(waiting)} workers do not know offset {offset} of logs.control")
        if waiting:
            time.sleep(LOOK_SECS)
    return time.monotonic()


def _quantiles(secs: list[float]) -> dict[str, float]:
    ordered = sorted(secs)
    places = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {f"{name}_secs": round(ordered[int(at * (len(ordered) - 1))], 3) for name, at in places.items()}


def main() -> None:
    """By command line; prints JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.level_change", description="How soon a live rule is obeyed.")
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--rate", type=float, default=5000.0, help="lines a second, all containers together")
    parser.add_argument("--containers", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where files and Kafka's data go; removed afterwards")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="logferry-level-", dir=asked.folder))
    place.chmod(0o755)
    try:
        with Stack(place / "servers", servers=("kafka",)) as stack:
            folder, name = place / "pipeline", f"level{os.getpid()}"
            folder.mkdir()
            with Pipeline(folder, name, stack.endpoints.bootstrap_servers, "http://localhost:9200", **settings()) as it:
                print_json(run(it, changes=asked.changes, lines_per_sec=asked.rate, containers=asked.containers))
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
