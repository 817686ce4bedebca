"""Faults of the servers: brokers that stop, are killed, paused or restarted in turn, and Elasticsearch's own."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from bench.elastic_proxy import Fault, Weather
from bench.faults.site import Site
from bench.faults.store_proxy import StoreFault
from deploy.local import kafka
from deploy.local.processes import last_lines

_BECAME: Final = re.compile(r"^(\S+) .*Becoming the active controller", re.MULTILINE)


@dataclass(frozen=True)
class Down:
    """A server is stopped, or killed, and started again on the same port when it is over."""

    server: str = kafka.NAME
    secs: float = 8.0
    is_killed: bool = False

    def begin(self, site: Site) -> None:
        """Down."""
        if self.is_killed:
            site.stack.kill(self.server)
        else:
            site.stack.stop_server(self.server)

    def end(self, site: Site) -> None:
        """Up."""
        site.stack.start_server(self.server)


@dataclass(frozen=True)
class Frozen:
    """A server is paused (SIGSTOP): connections stay, nobody answers."""

    server: str = kafka.NAME
    secs: float = 8.0

    def begin(self, site: Site) -> None:
        """Pause."""
        _signal(site, self.server, signal.SIGSTOP)

    def end(self, site: Site) -> None:
        """Go on."""
        _signal(site, self.server, signal.SIGCONT)


def _signal(site: Site, server: str, number: signal.Signals) -> None:
    if pid := site.stack.pid(server):
        os.killpg(pid, number)


@dataclass(frozen=True)
class LeaderKilled:
    """Of three brokers the one that leads most partitions of logs.raw is killed."""

    secs: float = 12.0

    def begin(self, site: Site) -> None:
        """Find it and kill it."""
        site.stack.kill(leader(site))

    def end(self, site: Site) -> None:
        """All brokers run."""
        _all_up(site)


@dataclass(frozen=True)
class ControllerKilled:
    """Of three brokers the active controller is killed."""

    secs: float = 12.0

    def begin(self, site: Site) -> None:
        """Find it and kill it."""
        site.stack.kill(controller(site))

    def end(self, site: Site) -> None:
        """All brokers run."""
        _all_up(site)


@dataclass(frozen=True)
class RollingRestart:
    """Each of three brokers is restarted, one after the other."""

    secs: float = 2.0

    def begin(self, site: Site) -> None:
        """All of it; the next one's turn comes when the last one has caught up."""
        for broker in kafka.names(site.scenario.brokers):
            site.stack.restart(broker)
            _caught_up(site)

    def end(self, site: Site) -> None:
        """All brokers run."""
        _all_up(site)


def _all_up(site: Site) -> None:
    for broker in kafka.names(site.scenario.brokers):
        site.stack.start_server(broker)


def _admin(site: Site) -> AdminClient:
    return AdminClient({"bootstrap.servers": site.stack.endpoints.bootstrap_servers}, logger=kafka.silent)


def _caught_up(site: Site, secs: float = 60.0) -> None:
    """Wait until every copy of every partition is in sync."""
    until, admin = time.monotonic() + secs, _admin(site)
    while time.monotonic() < until:
        with suppress(KafkaException):
            topics = admin.list_topics(timeout=5).topics.values()
            if all(len(each.isrs) == len(each.replicas) for topic in topics for each in topic.partitions.values()):
                return
        site.hold(0.5)
    raise AssertionError(f"copies were not in sync within {secs:.0f} s")


def leader(site: Site) -> str:
    """Name of the server that leads most partitions of logs.raw."""
    topic = site.settings.topics.names.raw
    partitions = _admin(site).list_topics(topic, timeout=10).topics[topic].partitions.values()
    number = Counter(each.leader for each in partitions).most_common(1)[0][0]
    return kafka.names(site.scenario.brokers)[number - 1]


def controller(site: Site) -> str:
    """Name of the server that said last that it is the active controller; clients are not told."""
    said: dict[str, str] = {}
    for name in kafka.names(site.scenario.brokers):
        log = site.stack.log_file(name).read_text(errors="replace")
        said[name] = max(_BECAME.findall(log), default="")
    found = max(said, key=lambda name: said[name])
    assert said[found], f"no broker says that it is the controller\n{last_lines(site.stack.log_file(kafka.NAME))}"
    return found


@dataclass(frozen=True)
class BadWeather:
    """Elasticsearch, or what stands before it, answers as it should not."""

    weather: Weather
    secs: float = 12.0

    def begin(self, site: Site) -> None:
        """Change the weather."""
        site.elasticsearch.weather = self.weather

    def end(self, site: Site) -> None:
        """Fine again."""
        site.elasticsearch.weather = Weather()


def lasting(fault: Fault, secs: float = 10.0) -> BadWeather:
    """Every request meets it."""
    return BadWeather(Weather(lasting=fault), secs)


@dataclass(frozen=True)
class IndexBlocked:
    """The indices have a block, as an operator or the disk watermark sets it."""

    block: str = "read_only_allow_delete"
    """See the Elasticsearch reference, "Index blocks"."""
    secs: float = 10.0

    def begin(self, site: Site) -> None:
        """Set it on all there are."""
        self._set(site, value=True)

    def end(self, site: Site) -> None:
        """Take it away."""
        self._set(site, value=None)

    def _set(self, site: Site, *, value: bool | None) -> None:
        url = f"{site.pipeline.url}/{site.pipeline.index}-*/_settings"
        body = json.dumps({f"index.blocks.{self.block}": value}).encode()
        request = urllib.request.Request(url, body, {"content-type": "application/json"}, method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()


@dataclass(frozen=True)
class StoreFails:
    """A share of the requests to the object store meets one of these."""

    faults: tuple[StoreFault, ...]
    share: float = 1.0
    secs: float = 10.0

    def begin(self, site: Site) -> None:
        """From now on."""
        assert site.object_store is not None, "this fault is for scenarios with store='s3'"
        site.object_store.faults, site.object_store.share = self.faults, self.share

    def end(self, site: Site) -> None:
        """Everything is well."""
        if site.object_store is not None:
            site.object_store.faults, site.object_store.share = (), 0.0
