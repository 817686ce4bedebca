"""Asks Elasticsearch for the documents of a trial and for those there were, in one order, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import elastic_transport
from elasticsearch import ApiError, Elasticsearch

from deploy.replay.compare import Comparison, Document, compare
from deploy.replay.isolated import concerned
from deploy.replay.request import SUFFIX
from deploy.replay.start import trial_store
from producers.core.replay.period import NO_NAMESPACE, namespaces_of
from schemas.errors import FatalError, SettingsError, TemporaryError
from schemas.patterns import Patterns, compile_patterns
from sinks.elasticsearch.connect import connect, secrets_of
from sinks.elasticsearch.template import index_pattern

if TYPE_CHECKING:
    from schemas.settings import ElasticsearchSink, Settings

PAGE: Final = 1000
KEEP: Final = "2m"
SORT: Final = [
    {"logferry.incarnation": {"order": "asc", "unmapped_type": "keyword"}},
    {"logferry.offset": {"order": "asc", "unmapped_type": "long"}},
]
MILLIS: Final = 1_000_000
_DIRECTIVE: Final = re.compile(r"%[a-zA-Z]")


class TrialPeriod(NamedTuple):
    """Which documents are compared: by the time at which their chunks were read, and by tag."""

    since: int | None
    """Nanoseconds since 1970."""
    until: int | None
    match: str


def trial_period(
    settings: Settings, suffix: str, asked: tuple[int | None, int | None], match: str | None
) -> TrialPeriod:
    """What was asked for; what is left open is as the latest replay with that suffix had it. Raises SettingsError."""
    if not SUFFIX.fullmatch(suffix):
        raise SettingsError(f"{suffix!r} is no suffix of a trial", where="--index-suffix", remedy="write it like -try1")
    with trial_store(settings, suffix) as store:
        saved = store.read()
    if saved is None and None in asked:
        raise SettingsError(
            f"nothing is known of a replay with the suffix {suffix}",
            where="--index-suffix",
            remedy="run it first (`logferry replay … --index-suffix`), or say --since and --until",
        )
    since, until = asked
    return TrialPeriod(
        since if since is not None or saved is None else saved.since,
        until if until is not None or saved is None else saved.until,
        match or (saved.match if saved is not None else "**"),
    )


def compare_trial(settings: Settings, suffix: str, period: TrialPeriod, examples: int) -> Comparison:
    """Old and new documents of every sink concerned. Raises SettingsError, TemporaryError and FatalError."""
    comparison = Comparison(examples)
    for sink in concerned(settings).values():
        with client_of(sink) as client:
            side = _Side(client, period)
            old, new = side.without_trials(sink.index), trial_pattern(sink, suffix)
            compare(side.documents(old), side.documents(new), comparison)
    return comparison


def trial_pattern(sink: ElasticsearchSink, suffix: str) -> str:
    """The indices of a trial."""
    return index_pattern(sink.index + suffix)


def client_of(sink: ElasticsearchSink) -> Elasticsearch:
    """A connection as the sink has it."""
    return connect(sink, secrets_of(sink))


class _Side:
    """Reads one sink's cluster."""

    def __init__(self, client: Elasticsearch, period: TrialPeriod) -> None:
        self._client = client
        self._query = _query(period)
        self._match: Patterns = compile_patterns(period.match)

    def without_trials(self, index: str) -> str:
        """The indices of production: what the pattern means as well, but has more behind it, is of some trial."""
        pattern = index_pattern(index)
        try:
            found = self._client.indices.get(index=pattern, ignore_unavailable=True, features=["aliases"])
        except (ApiError, elastic_transport.TransportError) as error:
            raise explained(error) from error
        dated = re.compile(_DIRECTIVE.sub(r"[0-9]+", _literal(index)))
        return ",".join((pattern, *(f"-{name}" for name in found.body if not dated.fullmatch(name))))

    def documents(self, pattern: str) -> Iterator[Document]:
        """Everything of a pattern, in order of place. A point in time holds still what is read meanwhile."""
        try:
            self._client.indices.refresh(index=pattern, ignore_unavailable=True, allow_no_indices=True)
            opened = self._client.open_point_in_time(
                index=pattern, keep_alive=KEEP, ignore_unavailable=True, allow_partial_search_results=False
            )
            point, after = opened["id"], None
            try:
                while True:
                    answer = self._client.search(body=self._body(point, after))
                    hits = answer["hits"]["hits"]
                    yield from self._those_that_match(hits)
                    if len(hits) < PAGE:
                        return
                    point, after = answer["pit_id"], hits[-1]["sort"]
            finally:
                self._client.close_point_in_time(id=point)
        except (ApiError, elastic_transport.TransportError) as error:
            raise explained(error) from error

    def _body(self, point: str, after: list[Any] | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "size": PAGE,
            "query": self._query,
            "sort": SORT,
            "pit": {"id": point, "keep_alive": KEEP},
            "track_total_hits": False,
        }
        return body if after is None else {**body, "search_after": after}

    def _those_that_match(self, hits: list[dict[str, Any]]) -> Iterator[Document]:
        for hit in hits:
            source = hit["_source"]
            if self._match.matches(str(source.get("tag", ""))):
                incarnation, offset = hit["sort"][:2]
                yield Document((str(incarnation), int(offset or 0)), hit["_id"], source)


def _literal(index: str) -> str:
    """A pattern of strftime whose text between the directives means itself in a regular expression."""
    return "".join(each if each.startswith("%") else re.escape(each) for each in re.split(r"(%[a-zA-Z])", index))


def _query(period: TrialPeriod) -> dict[str, Any]:
    bounds = {
        name: value // MILLIS for name, value in (("gte", period.since), ("lt", period.until)) if value is not None
    }
    filters: list[dict[str, Any]] = []
    if bounds:
        filters.append({"range": {"logferry.observed_timestamp": {**bounds, "format": "epoch_millis"}}})
    namespaces = namespaces_of(period.match)
    if namespaces is not None:
        filters.append({"terms": {"kubernetes.namespace_name": sorted(namespaces - {NO_NAMESPACE})}})
    return {"bool": {"filter": filters}} if filters else {"match_all": {}}


def explained(error: Exception) -> FatalError | TemporaryError:
    """What to say of an answer that is none."""
    if not isinstance(error, ApiError):
        return TemporaryError("Elasticsearch does not answer", delay=5.0, remedy="check the sink's hosts")
    return FatalError(
        f"Elasticsearch answers with status {error.status_code}: {error.message}",
        remedy="the sink's user needs read, and for `forget` delete_index and manage_index_templates",
    )
