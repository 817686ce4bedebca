"""What the sinks of a pipeline keep no longer: found, and deleted when a person says so.

One more kind of sink is one more entry in `OPENERS`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from schemas.errors import SettingsError, TemporaryError

if TYPE_CHECKING:
    from schemas.settings import Settings
    from sinks.core.expiry import Day
    from sinks.elasticsearch.retention import Dated
    from sinks.ledger import Ledger

_log = logging.getLogger(__name__)

REACH_SECS: Final = 3.0
"""How long Kafka is asked whether it is there."""


@dataclass(frozen=True)
class Expired:
    """Something that is over."""

    sink: str
    name: str
    last_day: date
    """Of its records."""
    bytes: int | None
    """None: nobody knows."""
    records: int | None


@dataclass(frozen=True)
class Found:
    """What a sink has."""

    expired: list[Expired]
    """The oldest first."""
    kept: int
    note: str = ""
    """What a person should know besides."""


class Store(Protocol):
    """Where one sink's records are. Every method raises SettingsError, TemporaryError or FatalError."""

    def find(self, now: float) -> Found:
        """What is over at a time (seconds since 1970)."""

    def delete(self, expired: Expired) -> None:
        """Delete one of what was found, for good."""

    def close(self) -> None:
        """Let go of connections."""


class _Ledger:
    """The ledger of a sink, opened when the first thing is deleted.

    A full disk must be cleared while Kafka is away, too: then nothing is said, and a warning is.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self._name, self._settings = name, settings
        self._opened: Ledger | None = None
        self._is_away = False

    def open(self) -> Ledger | None:
        """None: Kafka is away."""
        from runtime.kafka import check_reachable
        from sinks.ledger import Ledger

        if self._opened is None and not self._is_away:
            try:
                check_reachable(self._settings.kafka, REACH_SECS)
                self._opened = Ledger(self._settings, self._name)
            except TemporaryError as error:
                self._is_away = True
                words = "%s: the ledger is not told, so `logferry audit` will miss what is deleted: %s"
                _log.warning(words, self._name, error.problem)
        return self._opened


class Indices:
    """The indices of an Elasticsearch sink."""

    def __init__(self, name: str, settings: Settings) -> None:
        from schemas.settings import ElasticsearchSink
        from sinks.elasticsearch.connect import connect, secrets_of

        sink = settings.sinks[name]
        assert isinstance(sink, ElasticsearchSink)
        self._name, self._settings = name, sink
        self._client = connect(sink, secrets_of(sink), attempts=len(sink.hosts))
        self._ledger = _Ledger(name, settings)
        self._dated: dict[str, Dated] = {}

    def find(self, now: float) -> Found:
        """As Store says."""
        from sinks.elasticsearch.retention import find_expired, sizes_of

        if self._settings.data_stream:
            return Found([], 0, "the cluster deletes what is over in a data stream by itself")
        over, kept = find_expired(self._client, self._settings, now)
        self._dated = {each.name: each for each in over}
        sizes = sizes_of(self._client, list(self._dated))
        expired = [
            Expired(self._name, each.name, each.until - timedelta(days=1), *sizes.get(each.name, (None, None)))
            for each in over
        ]
        doubt = "every index of this sink is over: is the clock of this machine right?" if over and not kept else ""
        return Found(expired, kept, doubt)

    def delete(self, expired: Expired) -> None:
        """As Store says."""
        from sinks.elasticsearch.retention import delete_index

        if (ledger := self._ledger.open()) is not None:
            ledger.write_deleted_index(expired.name, expired.records or 0)
            ledger.keep()
        delete_index(self._client, self._dated[expired.name])

    def close(self) -> None:
        """As Store says."""
        self._client.close()


class Days:
    """The days of an object storage sink's archive."""

    def __init__(self, name: str, settings: Settings) -> None:
        from runtime.object_store import open_store
        from schemas.settings import ObjectStorageSink

        sink = settings.sinks[name]
        assert isinstance(sink, ObjectStorageSink)
        self._name, self._settings = name, sink
        self._store = open_store(sink.url, sink.options)
        self._ledger = _Ledger(name, settings)
        self._days: dict[str, Day] = {}

    def find(self, now: float) -> Found:
        """As Store says."""
        from schemas.settings.days import days
        from sinks.object_storage.retention import expired

        if self._settings.retention is None:
            return Found([], 0)
        found = expired(self._store, self._settings.topics, days(self._settings.retention), now)
        self._days = {each.name: each for each in found.over}
        over = [Expired(self._name, each.name, each.day, each.bytes, each.records) for each in found.over]
        notes = (
            ["every day of this archive is over: is the clock of this machine right?"]
            if over and not found.kept
            else []
        )
        if found.resting:
            notes.append(f"{len(found.resting):,} days are over too, but something was written there within a day")
        return Found(over, found.kept, "; ".join(notes))

    def delete(self, expired: Expired) -> None:
        """As Store says."""
        from sinks.object_storage.retention import delete

        delete(self._store, self._days[expired.name], self._ledger.open())

    def close(self) -> None:
        """As Store says."""


OPENERS: Final[Mapping[str, Callable[[str, Settings], Store]]] = {"elasticsearch": Indices, "object_storage": Days}
"""Type of sink -> what finds and deletes for it."""


def sinks_with_retention(settings: Settings, names: Sequence[str]) -> list[str]:
    """The sinks that a command is about. Raises SettingsError for one that is not there or keeps everything."""
    keeping_all = [name for name in names if name in settings.sinks and not _retention(settings.sinks[name])]
    for name in names:
        if name not in settings.sinks:
            known = ", ".join(settings.sinks) or "none"
            raise SettingsError(
                f"there is no sink {name!r}", where="sinks in the settings", remedy=f"choose one of: {known}"
            )
    if keeping_all:
        raise SettingsError(
            f"sink {keeping_all[0]} has no retention: it keeps everything",
            where=f"sinks.{keeping_all[0]} in the settings",
            remedy="write retention: 14d there",
        )
    return list(dict.fromkeys(names)) or [name for name, sink in settings.sinks.items() if _retention(sink)]


def open_stores(settings: Settings, names: Iterable[str]) -> dict[str, Store]:
    """What finds and deletes for each of the sinks. Raises SettingsError."""
    return {name: OPENERS[settings.sinks[name].type](name, settings) for name in names}


def _retention(sink: Any) -> str | None:
    found = getattr(sink, "retention", None) if sink.type in OPENERS else None
    return str(found) if found else None
