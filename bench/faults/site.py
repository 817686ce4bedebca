"""Where a scenario happens: one pipeline on real servers, with proxies in between, and hands to disturb it.

Stages reach Kafka by a proxy each, so that one of them can be cut off alone; Elasticsearch and, where the archive is
there, S3 by one for all. The site itself (`pipeline.ask`, the judge) looks past the proxy of Elasticsearch.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from bench.elastic_proxy import ElasticProxy
from bench.faults.disk import SmallDisk
from bench.faults.kafka_proxy import KafkaProxy
from bench.faults.store_proxy import StoreProxy
from bench.pipeline import Pipeline, merged
from schemas.settings import Settings

if TYPE_CHECKING:
    from bench.faults.scenario import Scenario
    from deploy.local.endpoints import ObjectStoreEndpoint
    from deploy.local.stack import Stack

STAGES: Final = ("produce", "stream-1", "stream-2", "search", "archive")
"""Processes of every scenario; what follows a hyphen tells members of one group apart."""
RATE: Final = 600.0
"""Lines a second: every stage always has some to do, and two cores recover quickly."""
LOOK_SECS: Final = 0.25
BACK_OFF_SECS: Final = 1.0
"""From the end of a stage to its next start, as a supervisor would wait."""


class Site:
    """Use it in a ``with`` block: it opens the proxies and mounts, and at the end everything is gone."""

    def __init__(
        self,
        stack: Stack,
        folder: Path,
        name: str,
        scenario: Scenario,
        *,
        store: ObjectStoreEndpoint | None = None,
        broker_disk: SmallDisk | None = None,
        rate: float = RATE,
    ) -> None:
        """``name``: of topics, groups and indices. ``store``: for scenarios with an archive in S3.

        ``broker_disk``: the file system that the broker's log is on, where that is a small one. ``rate``: lines a
        second of the usual load.
        """
        self.stack = stack
        self.folder = folder
        self.scenario = scenario
        self.rate = rate
        self.kafka: dict[str, KafkaProxy] = {}
        """By stage; "all" is that of the site itself and of stages that join later."""
        self.elasticsearch = ElasticProxy(stack.endpoints.elasticsearch_url)
        self.object_store = StoreProxy(store.url) if store else None
        self.disks: dict[str, SmallDisk] = {"kafka": broker_disk} if broker_disk else {}
        self.ended: Counter[str] = Counter()
        """How often a stage ended by itself and was started again."""
        self._store = store
        self._name = name
        self._paused: set[str] = set()
        self._due: dict[str, float] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._open:
            self._open_all()
            self._open = self._open.pop_all()
        return self

    def _open_all(self) -> None:
        brokers = self.stack.endpoints.bootstrap_servers
        for stage in ("all", *STAGES):
            self.kafka[stage] = self._open.enter_context(KafkaProxy(brokers))
        self._open.enter_context(self.elasticsearch)
        if self.object_store:
            self._open.enter_context(self.object_store)
        for place, size in self.scenario.small_disks.items():
            if place not in self.disks:
                self.disks[place] = SmallDisk(self.folder / place, size)
                self._open.callback(self.disks[place].close)
        endpoints = self.stack.endpoints
        self.pipeline = self._open.enter_context(
            Pipeline(
                self.folder, self._name, self.kafka["all"].address, endpoints.elasticsearch_url, **self._settings()
            )
        )
        self._open.callback(self.wake)
        self.pipeline.environments |= {
            stage: {"LOGFERRY_KAFKA__BOOTSTRAP_SERVERS": self.kafka[stage].address} for stage in STAGES
        }

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _settings(self) -> dict[str, Any]:
        own: dict[str, Any] = {
            "topics": {"replication_factor": min(3, self.scenario.brokers)},
            "producer": {"checkpoint_interval_secs": 0.5, "ledger_interval_secs": 1},
            "sinks": {"search": {"hosts": [self.elasticsearch.url]}},
        }
        if self._store and self.object_store:
            own = merged(own, {"sinks": {"archive": self._in_s3(self._store, self.object_store)}})
        return merged(own, self.scenario.settings)

    def _in_s3(self, store: ObjectStoreEndpoint, proxy: StoreProxy) -> dict[str, Any]:
        secret = self.folder / "store.secret"
        secret.write_text(store.secret_access_key)
        options = {
            "endpoint": proxy.url,
            "region": store.region,
            "access_key_id": store.access_key_id,
            "secret_access_key": {"file": str(secret)},
            "allow_http": "true",
            "timeout": "4s",
        }
        return {"url": f"s3://{store.bucket}/{self._name}", "options": options}

    # -- what can be done here -----------------------------------------------------------------------------------------

    @property
    def node(self) -> Path:
        """The node's root folder: var/log/containers and var/log/pods are below it."""
        return self.pipeline.node

    @property
    def settings(self) -> Settings:
        """Of all stages."""
        return self.pipeline.settings

    def start(self, *stages: str) -> None:
        """Start stages by name; those that run already are left alone."""
        for stage in stages:
            if stage not in self.pipeline.processes:
                self._due.pop(stage, None)
                self.pipeline.start(stage)

    def kill(self, *stages: str) -> None:
        """SIGKILL."""
        for stage in stages:
            self._due.pop(stage, None)
            if stage in self.pipeline.processes:
                self.pipeline.kill(stage)

    def terminate(self, *stages: str) -> None:
        """SIGTERM, all at once; who does not end within 20 s is killed, and that is an AssertionError."""
        known = {stage: process for stage in stages if (process := self.pipeline.processes.get(stage))}
        for process in known.values():
            process.send_signal(signal.SIGTERM)
        stubborn = [stage for stage in known if not self._has_ended(stage)]
        assert not stubborn, f"{', '.join(stubborn)} did not end within 20 s of SIGTERM"

    def _has_ended(self, stage: str) -> bool:
        process = self.pipeline.processes[stage]
        try:
            self.pipeline.stop(stage, 20.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False
        return True

    def leave(self, stage: str) -> None:
        """SIGTERM without waiting; at the end of the site nothing is left of it."""
        process = self.pipeline.processes.pop(stage)
        process.send_signal(signal.SIGTERM)
        self._open.callback(process.wait)
        self._open.callback(process.kill)

    def pause(self, *stages: str) -> None:
        """SIGSTOP."""
        self._signal(stages, signal.SIGSTOP)
        self._paused |= set(stages)

    def resume(self, *stages: str) -> None:
        """SIGCONT."""
        self._signal(stages, signal.SIGCONT)
        self._paused -= set(stages)

    def wake(self) -> None:
        """Resume whatever is paused: at the end of the site, so that it can end."""
        self.resume(*self._paused)

    def _signal(self, stages: Iterable[str], number: signal.Signals) -> None:
        for stage in stages:
            if process := self.pipeline.processes.get(stage):
                process.send_signal(number)

    def hold(self, secs: float) -> None:
        """Let time pass; start again what ends by itself, as a supervisor would."""
        until = time.monotonic() + secs
        while (left := until - time.monotonic()) > 0:
            self.look()
            time.sleep(min(LOOK_SECS, max(0.0, left)))

    def look(self) -> None:
        """Start again what has ended by itself, after a moment."""
        now = time.monotonic()
        for stage, process in self.pipeline.processes.items():
            if process.poll() is not None and stage not in self._due:
                self.ended[stage] += 1
                self._due[stage] = now + BACK_OFF_SECS
        for stage in [stage for stage, due in self._due.items() if due <= now]:
            del self._due[stage]
            self.pipeline.start(stage)

    def lines(self, stages: Iterable[str]) -> list[KafkaProxy]:
        """The proxies before Kafka of these stages; of all where none is named."""
        return [self.kafka[stage] for stage in stages] or list(self.kafka.values())

    def heal(self) -> None:
        """Everything between the stages and the servers is well again."""
        for proxy in self.kafka.values():
            proxy.heal()

    def count(self, until_ns: int | None = None) -> int:
        """Documents that can be searched; those of lines up to a time, if one is given. -1: nobody answers."""
        bound = {} if until_ns is None else {"lte": until_ns // 1_000_000, "format": "epoch_millis"}
        query: Mapping[str, Any] = {"range": {"@timestamp": bound}} if bound else {"match_all": {}}
        with suppress(OSError):
            answer = self.pipeline.ask(f"/{self.pipeline.index}-*/_count?ignore_unavailable=true", {"query": query})
            return int(answer["count"])
        return -1
