"""Waiting for topics: until they are there, for no longer than allowed, and without making any."""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.topics_wait import topics_of, wait_for_topics
from schemas.errors import SettingsError
from schemas.settings import KafkaSettings, parse_settings

if TYPE_CHECKING:
    from deploy.local.stack import Stack

SETTINGS = parse_settings(
    """
topics: {prefix: west.}
routes:
  - {match: "kube.**", topic: "west.ns.{namespace}", copy: true}
  - {match: "**", topic: west.app}
sinks:
  search: {type: elasticsearch, topics: [west.app]}
  all: {type: stdout, topics: ["west.ns.*"]}
  copy: {type: kafka, kafka: {bootstrap_servers: "far:9092"}, topics: [west.app], topic: "copy.{topic}"}
""",
    "logferry.yaml",
    {},
)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("producer", {"west.raw", "west.ledger"}),
        ("pods", {"west.pods"}),
        ("stream", {"west.raw", "west.pods", "west.control", "west.app", "west.dead-letter", "west.ledger"}),
        ("sink-search", {"west.app", "west.dead-letter", "west.ledger"}),
        ("sink-all", {"west.dead-letter", "west.ledger"}),
        ("sink-copy", {"west.app", "west.dead-letter", "west.ledger"}),
    ],
)
def test_a_stage_waits_for_what_it_reads_and_writes_but_not_for_what_is_made_later(
    stage: str, expected: set[str]
) -> None:
    assert set(topics_of(SETTINGS, stage)) == expected


def test_an_unknown_stage_is_told_which_there_are() -> None:
    with pytest.raises(SettingsError, match="sink-search"):
        topics_of(SETTINGS, "sink-serach")


def test_waiting_ends_when_the_last_topic_has_been_made(stack: Stack) -> None:
    kafka, first, second = _kafka(stack), f"w{uuid.uuid4().hex}", f"w{uuid.uuid4().hex}"
    _make(kafka, first)
    later = threading.Timer(1.5, _make, (kafka, second))
    later.start()
    began = time.monotonic()
    missing = wait_for_topics(kafka, (first, second), threading.Event(), 30.0)
    later.join()
    assert missing == ()
    assert time.monotonic() - began >= 1.5


def test_waiting_makes_no_topic_and_ends_when_its_time_is_over(stack: Stack) -> None:
    kafka, name = _kafka(stack), f"w{uuid.uuid4().hex}"
    assert wait_for_topics(kafka, (name,), threading.Event(), 1.0) == (name,)
    assert name not in AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=10).topics


def test_waiting_ends_when_asked_to_stop(stack: Stack) -> None:
    stop = threading.Event()
    stop.set()
    assert wait_for_topics(_kafka(stack), ("never",), stop) == ("never",)


def _kafka(stack: Stack) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=stack.endpoints.bootstrap_servers)


def _make(kafka: KafkaSettings, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for future in admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)]).values():
        future.result(30)
