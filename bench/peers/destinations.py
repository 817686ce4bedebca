"""Counting what has arrived, and reading it back: topics and an index, the same for every program."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from bench.peers.forms import Form
from bench.peers.task import PARTITIONS, Site
from schemas.errors import FatalError

REQUEST_SECS: Final = 60.0
PAGE: Final = 5000
RETRY_SECS: Final = 30.0
"""So long a broker that is too busy to answer is asked again."""


class Topics:
    """Topics of one site. Close it."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap_servers, "log_level": 0}
        self._admin = AdminClient(self._servers)

    def create(self, names: Sequence[str]) -> None:
        """Create those that are not there."""
        settings = {"max.message.bytes": "4194304"}
        until = time.monotonic() + RETRY_SECS
        while refused := self._refusals([NewTopic(name, PARTITIONS, 1, config=settings) for name in names]):
            if time.monotonic() > until:
                raise FatalError(f"a topic cannot be made: {refused[0]}")
            time.sleep(1.0)

    def _refusals(self, topics: list[NewTopic]) -> list[BaseException]:
        found = [future.exception() for future in self._admin.create_topics(topics).values()]
        return [error for error in found if error and "TOPIC_ALREADY_EXISTS" not in str(error)]

    def drop(self, prefix: str) -> None:
        """Delete all topics with a prefix."""
        names = [name for name in self._admin.list_topics(timeout=10).topics if name.startswith(prefix)]
        if names:
            for future in self._admin.delete_topics(names).values():
                future.exception()

    def size(self, names: Sequence[str]) -> int:
        """Records in topics now. Raises FatalError when Kafka does not answer for long."""
        until = time.monotonic() + RETRY_SECS
        while True:
            try:
                return self._size(names)
            except KafkaException as error:
                if time.monotonic() > until:
                    raise FatalError(f"Kafka does not say how much is in {', '.join(names)}: {error}") from error
                time.sleep(0.2)

    def _size(self, names: Sequence[str]) -> int:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the client has no annotation for it
        asked = {TopicPartition(name, each): latest for name in names for each in range(PARTITIONS)}
        return sum(future.result().offset for future in self._admin.list_offsets(asked, request_timeout=10).values())

    def values(self, names: Sequence[str]) -> Iterator[bytes]:
        """Every record in topics now."""
        consumer = Consumer({**self._servers, "group.id": "unused", "fetch.wait.max.ms": 10})
        try:
            for name in names:
                for partition in range(PARTITIONS):
                    at = TopicPartition(name, partition, 0)
                    low, high = consumer.get_watermark_offsets(at, timeout=10)
                    at.offset = low
                    consumer.assign([at])
                    yield from _until(consumer, low, high)
        finally:
            consumer.close()

    def fill(self, name: str, records: Iterator[tuple[bytes, bytes]]) -> None:
        """Put keys and values into a topic."""
        producer = Producer({**self._servers, "compression.type": "lz4", "linger.ms": 50})
        for key, value in records:
            while True:
                try:
                    producer.produce(name, value, key)
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.flush()


def _until(consumer: Consumer, low: int, high: int) -> Iterator[bytes]:
    while low < high:
        records: list[Message] = consumer.consume(min(2000, high - low), 1.0)
        for record in records:
            if record.error() is None:
                low = (record.offset() or 0) + 1
                yield record.value() or b""


class Index:
    """Indices with one prefix."""

    def __init__(self, site: Site) -> None:
        self._url = site.elasticsearch_url
        self._prefix = site.index

    def prepare(self) -> None:
        """For all what logferry's sink asks for by its own template, which goes before this one."""
        settings = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "1s"}
        template = {"index_patterns": [f"{self._prefix}*"], "priority": 150, "template": {"settings": settings}}
        self._ask("PUT", f"/_index_template/{self._prefix}-bench", template)

    def size(self) -> int:
        """Documents indexed so far, seen by searches or not."""
        found = self._ask("GET", f"/{self._prefix}*/_stats/indexing?filter_path=_all.primaries.indexing.index_total")
        return int(found.get("_all", {}).get("primaries", {}).get("indexing", {}).get("index_total", 0))

    def documents(self) -> Iterator[bytes]:
        """Every document, as JSON."""
        self._ask("POST", f"/{self._prefix}*/_refresh")
        page = self._ask("POST", f"/{self._prefix}*/_search?scroll=1m", {"size": PAGE, "sort": ["_doc"]})
        while hits := page["hits"]["hits"]:
            for hit in hits:
                yield json.dumps(hit["_source"]).encode()
            page = self._ask("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})

    def drop(self) -> None:
        """Delete the indices and their template."""
        names = self._ask("GET", f"/{self._prefix}*/_settings?filter_path=*.settings.index.uuid")
        for name in names:
            self._ask("DELETE", f"/{name}")
        for name in (self._prefix, f"{self._prefix}-bench"):  # logferry's own, and ours
            self._ask("DELETE", f"/_index_template/{name}")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request; nothing where there is no such index."""
        content = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self._url}{path}", content, method=method)
        request.add_header("content-type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECS) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 404:
                    raise FatalError(f"Elasticsearch answered {error.code}: {error.read()[:500]!r}") from None
            return {}
        return found


class Arrivals:
    """What has arrived of one task."""

    def __init__(self, task: str, site: Site, topics: Topics, form: Form) -> None:
        self._index = Index(site) if task == "index" else None
        self._topics = topics
        self._names = (site.raw,) if task == "tail" else site.routed
        self._form = form

    def count(self) -> int:
        """Records or documents so far."""
        return self._index.size() if self._index else self._topics.size(self._names)

    def lines(self) -> Iterator[bytes]:
        """Each line that is there, or the document or record that holds it."""
        if self._index:
            yield from self._index.documents()
        else:
            for value in self._topics.values(self._names):
                yield from self._form.split(value)
