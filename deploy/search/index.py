"""Asks Elasticsearch for documents, and says in a person's words why it does not answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import elastic_transport
from elasticsearch import ApiError, Elasticsearch

from deploy.search.follow import Follower
from deploy.search.query import PAGE, Wanted, newest, oldest_first
from schemas.errors import FatalError, LogferryError, SettingsError, TemporaryError
from schemas.settings import ElasticsearchSink
from sinks.elasticsearch.connect import connect, secrets_of
from sinks.elasticsearch.template import index_pattern

if TYPE_CHECKING:
    from elastic_transport import ObjectApiResponse

    from schemas.settings import Settings

LOOK_SECS: Final = 1.0


@dataclass(frozen=True)
class Found:
    """What a search found."""

    hits: list[dict[str, Any]]
    """Oldest first."""
    total: int
    """How many match in all."""
    has_index: bool
    """Whether there is anything to search in."""


class LogIndex:
    """The indices of one sink. Every method raises SettingsError, TemporaryError or FatalError."""

    def __init__(self, client: Elasticsearch, pattern: str) -> None:
        self._client = client
        self._pattern = pattern

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        self._client.close()

    def newest(self, wanted: Wanted, limit: int) -> Found:
        """The newest ``limit`` documents."""
        hits: list[dict[str, Any]] = []
        total, has_index, after = 0, False, None
        while len(hits) < limit:
            answer = self._search(newest(wanted, min(PAGE, limit - len(hits)), after))
            page = answer["hits"]["hits"]
            if after is None:
                total, has_index = answer["hits"]["total"]["value"], answer["_shards"]["total"] > 0
            hits += page
            if not page:
                break
            after = page[-1]["sort"]
        return Found(oldest_first(hits), total, has_index)

    def count(self) -> int | None:
        """How many documents there are; None without any index."""
        answer = self._search({"query": {"match_all": {}}, "size": 0, "track_total_hits": True})
        return int(answer["hits"]["total"]["value"]) if answer["_shards"]["total"] else None

    def follow(self, wanted: Wanted, last: int, pause: Callable[[float], object]) -> Iterator[list[dict[str, Any]]]:
        """The newest ``last`` documents, and from then on whatever comes, for ever; each batch oldest first.

        ``pause`` waits for so many seconds. A server that is away for a moment is waited for.
        """
        followers = self._begin(wanted)
        yield self.newest(wanted, last).hits if last else []
        while True:
            pause(LOOK_SECS)
            try:
                fresh = [hit for each in followers for hit in each.take(self._pages(each, wanted), time.monotonic())]
                followers += self._new_shards(len(followers))
            except TemporaryError:
                continue
            yield oldest_first(fresh)

    def _begin(self, wanted: Wanted) -> list[Follower]:
        """One follower for each shard number, knowing what is there already."""
        followers = [Follower(0), *self._new_shards(1)]
        highest = {"by": {"terms": {"field": "_index", "size": 10_000}, "aggs": {"top": {"max": {"field": "_seq_no"}}}}}
        for each in followers:
            answer = self._search({"query": wanted.query(), "size": 0, "aggs": highest}, each.shard)
            buckets = answer.get("aggregations", {}).get("by", {}).get("buckets", [])
            each.begin({bucket["key"]: int(bucket["top"]["value"]) for bucket in buckets})
            each.remember(self._pages(each, wanted, only_ids=True))
        return followers

    def _new_shards(self, first: int) -> list[Follower]:
        """Followers for shard numbers from ``first`` that some index has."""
        followers = []
        while self._search({"size": 0}, first)["_shards"]["total"]:
            followers.append(Follower(first))
            first += 1
        return followers

    def _pages(self, follower: Follower, wanted: Wanted, *, only_ids: bool = False) -> list[dict[str, Any]]:
        hits: list[dict[str, Any]] = []
        after = None
        while page := self._search(follower.request(wanted, after, only_ids=only_ids), follower.shard)["hits"]["hits"]:
            hits += page
            after = page[-1]["sort"]
            if len(page) < PAGE:
                break
        return hits

    def _search(self, body: dict[str, Any], shard: int | None = None) -> ObjectApiResponse[Any]:
        preference = None if shard is None else f"_shards:{shard}"
        try:
            return self._client.search(
                index=self._pattern, body=body, ignore_unavailable=True, allow_no_indices=True, preference=preference
            )
        except (ApiError, elastic_transport.TransportError) as error:
            raise _explained(error, self._client) from error


def open_index(settings: Settings, sink_name: str | None, host: str | None, index: str | None) -> LogIndex:
    """The indices of a sink of these settings, or of a host that is named. Raises SettingsError."""
    sink = _sink(settings, sink_name, host)
    return LogIndex(connect(sink, secrets_of(sink)), index or index_pattern(sink.target))


def _sink(settings: Settings, name: str | None, host: str | None) -> ElasticsearchSink:
    sinks = {key: sink for key, sink in settings.sinks.items() if isinstance(sink, ElasticsearchSink)}
    if name is not None and name not in sinks:
        known = ", ".join(sinks) or "none"
        raise SettingsError(
            f"there is no Elasticsearch sink {name!r}", where="sinks in the settings", remedy=f"choose one of: {known}"
        )
    sink = sinks[name] if name is not None else next(iter(sinks.values()), None)
    if host is not None:
        base = sink or ElasticsearchSink(type="elasticsearch", topics=("logs.app",))
        return base.model_copy(update={"hosts": (host if "://" in host else f"http://{host}",), "cloud_id": None})
    if sink is None:
        raise SettingsError(
            "no sink of type elasticsearch is in the settings",
            remedy="start `logferry up` here, or name a pipeline with --data or --config, or a server with --host",
        )
    return sink


def _explained(error: Exception, client: Elasticsearch) -> LogferryError:
    hosts = ", ".join(node.base_url for node in client.transport.node_pool.all())
    if not isinstance(error, ApiError):
        return TemporaryError(
            "Elasticsearch does not answer",
            delay=LOOK_SECS,
            where=hosts,
            remedy="start the pipeline with `logferry up`, or name another one with --data, --config or --host",
        )
    if error.status_code == 400:
        return SettingsError(f"Elasticsearch does not understand the query: {_reason(error.body)}")
    if error.status_code in (401, 403):
        return SettingsError(
            f"Elasticsearch refuses: {_reason(error.body)}", where=hosts, remedy="check the sink's api_key or password"
        )
    if error.status_code in (429, 502, 503, 504):
        return TemporaryError(
            f"Elasticsearch cannot answer now: {_reason(error.body)}", delay=LOOK_SECS, where=hosts, remedy="try again"
        )
    return FatalError(f"Elasticsearch answers with status {error.status_code}: {_reason(error.body)}", where=hosts)


def _reason(body: object) -> str:
    """The innermost reason, in one line."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return str(error or body)[:300]
    failed = error.get("failed_shards")
    cause = failed[0].get("reason") if isinstance(failed, list) and failed else error
    while isinstance(cause, dict) and isinstance(cause.get("caused_by"), dict):
        inner = cause["caused_by"]
        if "caused_by" not in inner and str(inner.get("reason", "")) in str(cause.get("reason", "")):
            break  # the outer one says the same and quotes the query
        cause = inner
    reason = cause.get("reason") if isinstance(cause, dict) else cause
    return " ".join(str(reason).partition("Was expecting")[0].split())[:300]
