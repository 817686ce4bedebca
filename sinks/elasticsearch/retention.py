"""Retention without lifecycle management: whole indices are deleted once they are over.

Deleted is only what `schemas.index_period` can read: an index whose name is exactly one that the sink's own pattern
makes. Its period (day, week or month) has ended longer ago than the retention, and it was made longer ago too: what a
replay has brought back, and records without a date (1970), stay for the retention from then on. Aliases, indices of
data streams, those with a lifecycle policy of the cluster and everything with another name are left alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from elasticsearch import Elasticsearch

from schemas.errors import LogferryError
from schemas.index_period import period_of
from schemas.settings.days import days
from sinks.elasticsearch.answers import REFUSED, explained, has_status
from sinks.elasticsearch.template import index_pattern
from sinks.hourly import EVERY_SECS, FIRST_AFTER_SECS, Hourly

if TYPE_CHECKING:
    from schemas.settings import ElasticsearchSink
    from sinks.ledger import Ledger

_log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 10
"""Indices that a sink deletes by itself in an hour. Whoever mistakes 1d for 100d has time to notice."""
_NAMES_IN_REQUEST: Final = 50


class Dated(NamedTuple):
    """An index of a sink's pattern."""

    name: str
    until: date
    """The first day that is not its own."""
    created: date


class Sorted(NamedTuple):
    """A sink's indices."""

    over: list[Dated]
    """Those to delete, the oldest first."""
    kept: int


def sort_out(indices: Mapping[str, Mapping[str, Any]], pattern: str, keep_days: int, today: date) -> Sorted:
    """Which indices are over; ``indices`` as ``GET <pattern>?features=settings&flat_settings`` answers. Pure."""
    dated = [found for name, each in indices.items() if (found := _dated(name, each, pattern))]
    try:
        limit = today - timedelta(days=keep_days)
    except OverflowError:  # before the year 1
        return Sorted([], len(dated))
    over = sorted(
        (each for each in dated if each.until <= limit and each.created <= limit), key=lambda each: each.until
    )
    return Sorted(over, len(dated) - len(over))


def _dated(name: str, found: Mapping[str, Any], pattern: str) -> Dated | None:
    """None: not an index that this sink may delete."""
    period = period_of(pattern, name)
    told = found.get("settings", {})
    if period is None or found.get("data_stream") or told.get("index.lifecycle.name"):
        return None
    try:
        created = datetime.fromtimestamp(int(told["index.creation_date"]) / 1000, UTC).date()
    except (KeyError, ValueError, OverflowError, OSError):
        return None  # nobody knows how long it has been there
    return Dated(name, period.until, created)


def find_expired(client: Elasticsearch, settings: ElasticsearchSink, now: float) -> Sorted:
    """The sink's indices. Raises TemporaryError, SettingsError."""
    if settings.retention is None or settings.data_stream:
        return Sorted([], 0)
    try:
        found = client.indices.get(
            index=index_pattern(settings.index),
            features="settings",
            flat_settings=True,
            expand_wildcards=["open", "closed"],
            allow_no_indices=True,
            ignore_unavailable=True,
        )
    except REFUSED as error:
        raise explained(error, "the indices cannot be listed", client) from error
    return sort_out(found.body, settings.index, days(settings.retention), datetime.fromtimestamp(now, UTC).date())


def sizes_of(client: Elasticsearch, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Bytes on disk, with replicas, and documents of indices; what cannot be said of one is left out.

    Raises TemporaryError, SettingsError.
    """
    found: dict[str, tuple[int, int]] = {}
    for begin in range(0, len(names), _NAMES_IN_REQUEST):
        some = list(names[begin : begin + _NAMES_IN_REQUEST])
        try:
            answer = client.indices.stats(
                index=some, metric=["store", "docs"], forbid_closed_indices=False, expand_wildcards="none"
            )
        except REFUSED as error:
            if has_status(error, (404,)):
                continue
            raise explained(error, "the sizes of indices cannot be asked for", client) from error
        for name, each in answer.get("indices", {}).items():
            bytes_ = int(each.get("total", {}).get("store", {}).get("size_in_bytes", 0))
            found[name] = (bytes_, int(each.get("primaries", {}).get("docs", {}).get("count", 0)))
    return found


def delete_index(client: Elasticsearch, index: Dated) -> None:
    """Delete one index, by its name and nothing else. Gone already is fine. Raises TemporaryError, SettingsError."""
    try:
        client.indices.delete(index=index.name, expand_wildcards="none", ignore_unavailable=False)
    except REFUSED as error:
        if not has_status(error, (404,)):
            raise explained(error, f"index {index.name} cannot be deleted", client) from error
    else:
        _log.info("index %s deleted: its records ended before %s", index.name, index.until)


class HourlyRetention(Hourly):
    """Deletes what is over, a while after the start and then every hour, in a thread of its own.

    Whatever goes wrong is a warning, and tried again an hour later.
    """

    def __init__(
        self,
        client: Elasticsearch,
        settings: ElasticsearchSink,
        clock: Callable[[], float] = time.time,
        every_secs: float = EVERY_SECS,
        first_after_secs: float = FIRST_AFTER_SECS,
        ledger: Callable[[], Ledger] | None = None,
    ) -> None:
        """``ledger`` is opened when something is to be deleted."""
        self._client = client
        self._settings = settings
        self._clock = clock
        self._ledger = ledger
        super().__init__(self.run, "retention", every_secs, first_after_secs)

    def run(self) -> list[str]:
        """Delete what is over, a few at once. Returns the names; never raises."""
        try:
            over, kept = find_expired(self._client, self._settings, self._clock())
        except LogferryError as error:
            _log.warning("retention is tried again in an hour: %s", error.problem)
            self.failed()
            return []
        pattern, limit = self._settings.index, self._settings.retention
        if over and not kept:
            _log.warning(
                "all %d indices of %s are older than %s and none is deleted: either this machine's clock is wrong, "
                "or nothing was written for long. `logferry retention` deletes them",
                *(len(over), pattern, limit),
            )
            return []
        if len(over) > MOST_AT_ONCE:
            _log.warning(
                "%d indices of %s are older than %s; the %d oldest are deleted now, others hour by hour. "
                "`logferry retention` deletes them at once",
                *(len(over), pattern, limit, MOST_AT_ONCE),
            )
        return [each.name for each in over[:MOST_AT_ONCE] if self._delete(each)]

    def _tell(self, index: Dated) -> None:
        """Say in the ledger which documents will be missing, and why. Raises LogferryError."""
        if self._ledger is not None:
            _, documents = sizes_of(self._client, [index.name]).get(index.name, (0, 0))
            ledger = self._ledger()
            ledger.write_deleted_index(index.name, documents)
            ledger.keep()

    def _delete(self, index: Dated) -> bool:
        """One that cannot go, for example while a snapshot is taken of it, does not keep the others."""
        if self.is_stopping:
            return False
        try:
            self._tell(index)
            delete_index(self._client, index)
        except LogferryError as error:
            _log.warning("retention is tried again in an hour: %s", error.problem)
            self.failed()
            return False
        self.count("logferry_sink_deleted_indices_total", 1)
        return True
