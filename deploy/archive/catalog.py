"""Which archive is meant, and what lies in it: hours of its topics with their objects and manifests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from runtime.object_store import open_store
from schemas.errors import SettingsError
from schemas.settings import ObjectStorageSink, Settings
from sinks.core.layout import hour_text
from sinks.core.manifest import Entry, Manifest, Unreadable
from sinks.object_storage.manifests import read_manifest
from sinks.object_storage.stored import StoredHour, StoredObject, hours_in, read_hour, topics_in

if TYPE_CHECKING:
    from obstore.store import ObjectStore

AT_ONCE: Final = 8
"""Hours that are listed at the same moment: a store far away answers each request late, but many at once."""


@dataclass(frozen=True)
class Archive:
    """What one sink has written."""

    name: str
    sink: ObjectStorageSink
    store: ObjectStore


@dataclass(frozen=True)
class Wanted:
    """Which part of an archive."""

    since: float | None = None
    until: float | None = None
    """Outside of the range."""
    namespaces: Collection[str] = ()
    """Globs; none: all."""
    topics: Collection[str] = ()
    """Patterns over names of topics; none: all of the sink."""


@dataclass(frozen=True)
class Hour:
    """An hour of a topic."""

    stored: StoredHour
    manifests: dict[int, Manifest] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    """Name of a manifest -> what is wrong with it."""

    @property
    def text(self) -> str:
        """``YYYY-MM-DDTHH``."""
        return hour_text(self.stored.hour)

    @property
    def entries(self) -> dict[str, Entry]:
        """Name of an object -> what its manifest says."""
        return {each.name: each for manifest in self.manifests.values() for each in manifest.objects}


def open_archive(
    settings: Settings, name: str | None, suits: Callable[[str, ObjectStorageSink], bool] = lambda _name, _sink: True
) -> Archive:
    """The archive of a sink; without a name the only one that suits. Raises SettingsError."""
    sinks = {key: sink for key, sink in settings.sinks.items() if isinstance(sink, ObjectStorageSink)}
    if name is None:
        suitable = [key for key, sink in sinks.items() if suits(key, sink)]
        if len(suitable) != 1:
            raise _which(list(sinks), suitable)
        name = suitable[0]
    if name not in sinks:
        raise SettingsError(
            f"there is no sink {name!r} of type object_storage",
            where="sinks in the settings",
            remedy=f"choose one of: {', '.join(sinks) or 'none'}",
        )
    return Archive(name, sinks[name], open_store(sinks[name].url, sinks[name].options))


def _which(sinks: list[str], suitable: list[str]) -> SettingsError:
    if not sinks:
        return SettingsError(
            "no sink of type object_storage is in the settings",
            remedy="name a pipeline that has an archive with --config or --data",
        )
    return SettingsError(
        "there are several archives" if suitable else "no archive suits this command",
        where="sinks in the settings",
        remedy=f"name one of them behind the command: {', '.join(suitable or sinks)}",
    )


def is_raw(settings: Settings) -> Callable[[str, ObjectStorageSink], bool]:
    """Whether a sink archives raw chunks alone."""
    return lambda _name, sink: set(sink.topics) <= {settings.topics.names.raw}


def topics(archive: Archive, wanted: Wanted) -> list[str]:
    """Topics of the archive that are wanted and have a folder. Raises LogferryError."""
    found = topics_in(archive.store, archive.sink.topics)
    if not wanted.topics:
        return found
    chosen = frozenset(topics_in(archive.store, tuple(wanted.topics)))
    return [each for each in found if each in chosen]


def hours(archive: Archive, wanted: Wanted, *, manifests: bool = True) -> Iterator[Hour]:
    """Hours of the archive by time and topic, in order. Raises LogferryError."""
    found = sorted(
        (hour, topic)
        for topic in topics(archive, wanted)
        for hour in hours_in(archive.store, topic, wanted.since, wanted.until)
    )
    with ThreadPoolExecutor(AT_ONCE) as threads:
        waiting = iter(found)
        begun: list[Future[Hour]] = []
        for hour, topic in islice(waiting, AT_ONCE):
            begun.append(threads.submit(_read, archive.store, topic, hour, manifests))
        while begun:
            yield begun.pop(0).result()
            for hour, topic in islice(waiting, 1):
                begun.append(threads.submit(_read, archive.store, topic, hour, manifests))


def _read(store: ObjectStore, topic: str, hour: int, manifests: bool) -> Hour:  # noqa: FBT001 - for a thread
    found = Hour(read_hour(store, topic, hour))
    if manifests:
        for partition, name in sorted(found.stored.manifests.items()):
            manifest = read_manifest(store, topic, hour_text(hour), partition)
            if isinstance(manifest, Unreadable):
                found.unreadable[name] = manifest.problem
            elif manifest is not None:
                found.manifests[partition] = manifest
    return found


def in_namespaces(objects: list[StoredObject], wanted: Wanted) -> list[StoredObject]:
    """Objects of the wanted namespaces."""
    from schemas.globs import compile_globs

    if not wanted.namespaces:
        return objects
    test = compile_globs(wanted.namespaces)
    return [each for each in objects if test(each.place.namespace)]
