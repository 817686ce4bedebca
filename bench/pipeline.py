"""A pipeline of real stage processes on given servers, with topics, groups, indices and folders of its own.

End-to-end tests, fault tests and benchmarks start, kill, stop and measure its stages one by one, and read back at the
end what arrived where.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from confluent_kafka import Consumer, TopicPartition

from deploy.demo.publish import PodPublisher
from deploy.topics import apply_topics
from runtime.kafka import client_config
from schemas.codec import Codec
from schemas.settings import parse_settings
from schemas.topics import topics_for
from sinks.consumer import offset_of

STAGES = ("produce", "stream", "search", "archive")


class Pipeline:
    """Stages with settings of their own; use it in a ``with`` block."""

    def __init__(
        self,
        folder: Path,
        name: str,
        bootstrap_servers: str,
        elasticsearch_url: str,
        *,
        form: str = "avro",
        source: str = "",
        **changes: Any,
    ) -> None:
        """``form`` is the format of the routed topic. With documents the archive has the raw topic, to try both.

        ``source``: name of another pipeline, of which this one has the fixed topics, raw ones included.
        """
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.node = folder / "node"
        self.archive = folder / "archive"
        self.index = name
        self.url = elasticsearch_url
        self.bootstrap_servers = bootstrap_servers
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environments: dict[str, dict[str, str]] = {}
        """What single stages get beyond the environment of all; an empty value takes a variable away."""
        self.kills: dict[str, int] = dict.fromkeys(STAGES, 0)
        self._silent_until: dict[str, int] = {}
        """Bytes of its log when a stage was started last."""
        self.config = folder / "logferry.yaml"
        self.configure(yaml.safe_dump(merged(self._defaults(name, form, f"{source or name}."), changes)))

    def configure(self, text: str) -> None:
        """The settings of stages that start from now on, and their topics."""
        self.config.write_text(text)
        self.settings = parse_settings(text, str(self.config), {})
        apply_topics(self.settings.kafka, topics_for(self.settings))

    def _defaults(self, name: str, form: str, prefix: str) -> dict[str, Any]:
        archived = {"topics": [f"{name}.app"]} if form == "avro" else {"topics": [f"{prefix}raw"], "format": "avro"}
        consumer = {"group": f"{name}-archive", "url": f"file://{self.archive}", **archived}
        return {
            "kafka": {"bootstrap_servers": self.bootstrap_servers},
            "topics": {"prefix": prefix, "partitions": 4},
            "inputs": {"containers": {"type": "container_files", "path": f"{self.node}/var/log/containers/*.log"}},
            "producer": {"node": "node-1", "state_folder": str(self.folder / "producer"), "scan_interval_secs": 0.25},
            "stream": {"group": f"{name}-stream"},
            "routes": [{"match": "kube.**", "topic": f"{name}.app", "format": form}],
            "sinks": {
                "search": {
                    "type": "elasticsearch",
                    "topics": [f"{name}.app"],
                    "group": f"{name}-search",
                    "hosts": [self.url],
                    "index": f"{name}-%Y.%m.%d",
                    "template_name": f"{name}-search",
                    "replicas": 0,
                },
                "archive": {"type": "object_storage", "object_max_age_secs": 3, **consumer},
            },
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stage in list(self.processes):
            self.kill(stage)

    def start(self, *stages: str, metrics_port: int = 0, workers: int = 1) -> None:
        """Start stages; a sink by its name, stream with so many workers.

        What follows a hyphen tells members of one group apart: stream-1, stream-2, search-2.
        """
        for stage in stages or STAGES:
            kind = stage.partition("-")[0]
            sink = stage if stage in self.settings.sinks else kind
            command = [kind] if kind in ("produce", "stream") else ["sink", sink]
            if stage == "stream" and workers > 1:
                command += ["--workers", str(workers)]
            with self._log_of(stage).open("ab") as log:
                self._silent_until[stage] = log.tell()
                self.processes[stage] = subprocess.Popen(
                    [sys.executable, "-m", "deploy.cli", *command, "--config", str(self.config)],
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env=self._environment(stage, metrics_port),
                )

    def _environment(self, stage: str, metrics_port: int) -> dict[str, str]:
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        own = {
            "TMPDIR": str(temporary),
            "LOGFERRY_KAFKA__INSTANCE": stage,
            "LOGFERRY_METRICS__PORT": str(metrics_port),
            "LOGFERRY_METRICS_SNAPSHOT": str(self.folder / f"{stage}.prom"),
        }
        whole = os.environ | own | self.environments.get(stage, {})
        return {name: value for name, value in whole.items() if value or name not in own}

    def has_begun(self, stage: str) -> bool:
        """Whether a stage has said anything since its start; before that a signal ends it as it ends any program."""
        return self._log_of(stage).stat().st_size > self._silent_until[stage]

    def kill(self, stage: str) -> None:
        """SIGKILL."""
        process = self.processes.pop(stage)
        process.kill()
        process.wait()
        self.kills[stage] = self.kills.get(stage, 0) + 1

    def stop(self, stage: str, timeout: float = 15.0) -> int:
        """SIGTERM; returns the exit status."""
        process = self.processes.pop(stage)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout)

    def restart_dead(self) -> list[str]:
        """Start again what ended by itself, as a supervisor would; returns which."""
        dead = [stage for stage, process in self.processes.items() if process.poll() is not None]
        for stage in dead:
            self.start(stage)
        return dead

    def log(self, stage: str) -> str:
        """What a stage has logged so far."""
        return self._log_of(stage).read_text(errors="replace")

    def _log_of(self, stage: str) -> Path:
        return self.folder / f"{stage}.log"

    def tails(self) -> str:
        """The last lines of every stage's log, for a failing test."""
        logs = {path.stem: path.read_text(errors="replace").splitlines()[-15:] for path in self.folder.glob("*.log")}
        return "\n".join(f"== {stage}\n" + "\n".join(lines) for stage, lines in logs.items())

    def publish_pods(self, pods: Iterable[dict[str, Any]]) -> None:
        """Make pods known (as in schemas/avro/pod.v1.avsc), as the pod watcher does."""
        with PodPublisher(self.settings.kafka, topic=self.settings.topics.names.pods) as publish:
            for pod in pods:
                publish(pod)

    # -- what arrived --------------------------------------------------------------------------------------------------

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request to Elasticsearch."""
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(body).encode() if body else None)
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def count(self) -> int:
        """Documents that can be searched now."""
        try:
            return int(self.ask(f"/{self.index}-*/_count?ignore_unavailable=true")["count"])
        except OSError:
            return -1

    def wait_for_documents(self, expected: int, quiet_secs: float = 30.0) -> None:
        """Wait until so many documents are there; fails when their number does not change for ``quiet_secs``."""
        self.wait_until(self.count, lambda count: count >= expected, f"{expected} documents", quiet_secs)

    def wait_until(
        self, look: Callable[[], Any], good: Callable[[Any], bool], what: str, quiet_secs: float = 30.0
    ) -> None:
        """Wait for something; fails when what is looked at does not change for ``quiet_secs``."""
        last, since = look(), time.monotonic()
        while not good(last):
            time.sleep(0.3)
            self.restart_dead()
            now = look()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > quiet_secs:
                raise AssertionError(f"waited for {what}; stuck at {last}\n{self.tails()}")

    def documents(self, *fields: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Id and source of every document; of the source these fields, or all."""
        self.ask(f"/{self.index}-*/_refresh")
        query = {"size": 5000, "sort": ["_doc"], **({"_source": fields} if fields else {})}
        page = self.ask(f"/{self.index}-*/_search?scroll=1m", query)
        while page["hits"]["hits"]:
            for hit in page["hits"]["hits"]:
                yield hit["_id"], hit["_source"]
            page = self.ask("/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})

    def archived(self) -> Iterator[tuple[str, str]]:
        """Id and original line of every archived record."""
        for path in sorted(self.archive.rglob("*.parquet")):
            table = pq.read_table(path, columns=["id", "body", "original"])
            for id_, body, original in zip(*(column.to_pylist() for column in table.columns), strict=True):
                yield id_, body if original is None else original

    def archived_count(self) -> int:
        """Different records in the archive."""
        ids = [pq.read_table(path, columns=["id"]).column("id") for path in self.archive.rglob("*.parquet")]
        return len(pa.chunked_array([chunk for column in ids for chunk in column.chunks], pa.string()).unique())

    def dead_letters(self) -> list[dict[str, Any]]:
        """Everything in the dead-letter topic now."""
        return list(self.values("dead-letter", "dead_letter"))

    def values(self, topic: str, kind: str) -> Iterator[dict[str, Any]]:
        """Everything in a topic now, decoded."""
        codec = Codec(kind)
        for _, values in self.batches(topic):
            for value in values:
                decoded = codec.decode(value)
                assert isinstance(decoded, dict), decoded
                yield decoded

    def batches(self, topic: str) -> Iterator[tuple[list[bytes], list[bytes]]]:
        """Keys and values of everything in a topic now, in batches."""
        name = f"{self.index}.{topic}"
        own = {"group.id": "unused", "fetch.wait.max.ms": 10}  # a partition is begun when the one before has answered
        consumer = Consumer(client_config(self.settings.kafka, "reader") | own)
        for partition, low, high in self._spans(consumer, name):
            consumer.assign([TopicPartition(name, partition, low)])
            while low < high:
                most = min(2000, high - low)  # it waits until it has so many
                records = [each for each in consumer.consume(most, 1.0) if each.error() is None]
                if records:
                    low = offset_of(records[-1]) + 1
                    yield [each.key() or b"" for each in records], [each.value() or b"" for each in records]
        consumer.close()

    def topic_size(self, topic: str) -> int:
        """Records in a topic now."""
        consumer = Consumer(client_config(self.settings.kafka, "reader") | {"group.id": "unused"})
        size = sum(high - low for _, low, high in self._spans(consumer, f"{self.index}.{topic}"))
        consumer.close()
        return size

    @staticmethod
    def _spans(consumer: Consumer, name: str) -> list[tuple[int, int, int]]:
        """Partition, first offset and end of each partition."""
        partitions = consumer.list_topics(name, 10).topics[name].partitions
        spans = [(each, consumer.get_watermark_offsets(TopicPartition(name, each), timeout=10)) for each in partitions]
        return [(partition, low, high) for partition, (low, high) in spans]


def merged(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes over defaults, mapping by mapping."""
    whole = dict(base)
    for key, value in changes.items():
        known = whole.get(key)
        whole[key] = merged(known, value) if isinstance(known, dict) and isinstance(value, Mapping) else value
    return whole
