"""Counting documents by the chunk that they are of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import elastic_transport
from elasticsearch import ApiError

from deploy.audit.core.documents import Range
from schemas.errors import TemporaryError
from schemas.settings import ElasticsearchSink
from schemas.topic_templates import topic_regex
from sinks.elasticsearch.connect import connect, secrets_of
from sinks.elasticsearch.template import index_pattern

if TYPE_CHECKING:
    from schemas.settings import Settings

PAGE: Final = 5000
"""Incarnations of one answer; a cluster allows 65,536 buckets."""
RANGES: Final = 1000
INCARNATION: Final = "logferry.incarnation"
OFFSET: Final = "logferry.offset"


@dataclass(frozen=True)
class Target:
    """Indices, and all sinks that fill them."""

    names: tuple[str, ...]
    sink: ElasticsearchSink
    topics: frozenset[str]
    """That any of them reads."""

    @property
    def name(self) -> str:
        """Of the sink."""
        return ", ".join(self.names)

    @property
    def stages(self) -> frozenset[str]:
        """As the ledger has them."""
        return frozenset(f"sink/{each}" for each in self.names)


def targets(settings: Settings, topics: Collection[str]) -> list[Target]:
    """Where documents are; ``topics``: all that there are."""
    found: dict[tuple[Any, ...], list[tuple[str, ElasticsearchSink]]] = {}
    for name, sink in settings.sinks.items():
        if isinstance(sink, ElasticsearchSink):
            found.setdefault((sink.hosts, sink.cloud_id, sink.target), []).append((name, sink))
    return [
        Target(
            tuple(name for name, _ in same),
            same[0][1],
            frozenset(topic for topic in topics for _, sink in same if _reads(sink, topic)),
        )
        for same in found.values()
    ]


def _reads(sink: ElasticsearchSink, topic: str) -> bool:
    return any(re.fullmatch(topic_regex(each), topic) for each in sink.topics)


class Documents:
    """Asks one cluster; use it in a ``with`` block. Raises TemporaryError."""

    def __init__(self, target: Target) -> None:
        self._client = connect(target.sink, secrets_of(target.sink))
        self._pattern = index_pattern(target.sink.target)
        self._name = target.name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def counts(self) -> Iterator[tuple[str, int]]:
        """Incarnation and documents, of all that have any, in order."""
        with suppress(ApiError, elastic_transport.TransportError):  # without the right to, what is recent looks missing
            self._client.indices.refresh(index=self._pattern, ignore_unavailable=True, allow_no_indices=True)
        after: dict[str, Any] | None = None
        while True:
            source: dict[str, Any] = {"size": PAGE, "sources": [{"life": {"terms": {"field": INCARNATION}}}]}
            asked = {"lives": {"composite": source | ({"after": after} if after else {})}}
            found = self._search({"size": 0, "aggs": asked}).get("aggregations", {}).get("lives", {})
            for bucket in found.get("buckets", ()):
                yield bucket["key"]["life"], bucket["doc_count"]
            after = found.get("after_key")
            if not after:
                return

    def count_ranges(self, incarnation: str, ranges: Sequence[Range]) -> list[int]:
        """Documents of an incarnation in each range of positions."""
        found: list[int] = []
        for at in range(0, len(ranges), RANGES):
            some = ranges[at : at + RANGES]
            asked = {
                str(number): {"filter": {"range": {OFFSET: {"gte": start, **({} if end is None else {"lt": end})}}}}
                for number, (start, end) in enumerate(some)
            }
            body = {"size": 0, "query": {"term": {INCARNATION: incarnation}}, "aggs": asked}
            answer = self._search(body).get("aggregations", {})
            found += [answer.get(str(number), {}).get("doc_count", 0) for number in range(len(some))]
        return found

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.search(index=self._pattern, body=body, ignore_unavailable=True, allow_no_indices=True)
        except (ApiError, elastic_transport.TransportError) as error:
            raise TemporaryError(
                f"documents cannot be counted: {error}",
                delay=5.0,
                where=f"sink {self._name}, indices {self._pattern}",
                remedy="look at the cluster; the sink's user needs `read` on its indices",
            ) from error
        return dict(answer)
