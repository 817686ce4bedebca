"""The real broker as another cluster, behind a proxy that can be cut."""

from __future__ import annotations

from typing import Any, ClassVar

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.e2e.broker_proxy import BrokerProxy
from tests.sinks.peers.peer import PeerOfSink, Surroundings


class Peer(PeerOfSink):
    once: ClassVar[bool] = False

    def __init__(self, around: Surroundings) -> None:
        self._servers = around.stack.endpoints.bootstrap_servers
        self._topic = f"{around.name}.elsewhere"
        admin = AdminClient({"bootstrap.servers": self._servers})
        admin.create_topics([NewTopic(self._topic, 2, 1)])[self._topic].result(20)
        self._proxy = BrokerProxy(self._servers)
        self._proxy.__enter__()
        self._consumer = Consumer({"bootstrap.servers": self._servers, "group.id": "unused"})
        self._consumer.assign([TopicPartition(self._topic, each, 0) for each in range(2)])
        self._ids: list[str] = []

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "type": "kafka",
            "kafka": {"bootstrap_servers": self._proxy.address},
            "topic": self._topic,
            "format": "json",
        }

    def go(self) -> None:
        self._proxy.cut()

    def come_back(self) -> None:
        self._proxy.heal()

    def received(self) -> list[str]:
        while records := self._consumer.consume(5000, 0.3):
            for record in records:
                assert record.error() is None, record.error()
                headers = dict(record.headers() or ())
                self._ids.append(bytes(headers["id"] or b"").decode())
        return list(self._ids)

    def close(self) -> None:
        self._consumer.close()
        self._proxy.__exit__()
