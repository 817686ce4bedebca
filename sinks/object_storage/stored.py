"""An archive as it lies in its store: listing by topic and hour, and reading objects piece by piece.

Only folders of the asked range are listed, so a command about one hour costs the same in an archive of years: one
request for the days, one for the hours of each day, one or more for the objects of each hour.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import obstore
from obstore.exceptions import BaseError, NotFoundError

from schemas.errors import LogferryError, SettingsError, TemporaryError
from schemas.topic_templates import topic_regex
from sinks.core.layout import (
    HOUR_SECS,
    ObjectPlace,
    day_folder,
    hour_folder,
    hour_prefix,
    hour_start,
    manifest_place,
    object_place,
)
from sinks.object_storage.writer import cause, reason

if TYPE_CHECKING:
    from obstore.store import ObjectStore

READ_AHEAD: Final = 1024 * 1024
"""Bytes of one request where an object is read from its beginning to its end."""
RETRY_SECS: Final = 10.0


class GoneError(TemporaryError):
    """An object that was listed is not there: it was compacted or has expired meanwhile."""


@dataclass(frozen=True)
class StoredObject:
    """An object that is there."""

    name: str
    place: ObjectPlace
    bytes: int
    modified: float
    """Seconds since 1970, by the store's clock."""
    tag: str | None = None
    """The store's mark of these very bytes, where it has such marks."""


@dataclass(frozen=True)
class StoredHour:
    """What lies in the folder of an hour."""

    topic: str
    hour: int
    objects: list[StoredObject] = field(default_factory=list)
    """By namespace, partition and first offset."""
    manifests: dict[int, str] = field(default_factory=dict)
    """Partition -> name."""
    modified: float = 0.0
    """When something of it was written last."""
    foreign: list[str] = field(default_factory=list)
    """Names that logferry never gives."""


def topics_in(store: ObjectStore, patterns: Sequence[str]) -> list[str]:
    """Topics of a sink (names, or patterns with stars) that have a folder. Raises LogferryError."""
    tests = [re.compile(topic_regex(pattern)) for pattern in patterns]
    return [each for each in _folders(store, None) if any(test.fullmatch(each) for test in tests)]


def hours_in(store: ObjectStore, topic: str, since: float | None = None, until: float | None = None) -> list[int]:
    """Hours of a topic that have a folder and meet the range, in order. ``until`` itself is outside of it."""
    found = []
    for folder in _folders(store, topic):
        day = day_folder(folder)
        start = None if day is None else hour_start(day, "00")
        if day is None or start is None or not _meets(start, 24 * HOUR_SECS, since, until):
            continue
        hours = [hour_folder(day, each) for each in _folders(store, f"{topic}/{folder}")]
        found += [hour for hour in hours if hour is not None and _meets(hour, HOUR_SECS, since, until)]
    return sorted(found)


def _meets(start: int, length: int, since: float | None, until: float | None) -> bool:
    return (since is None or start + length > since) and (until is None or start < until)


def _folders(store: ObjectStore, parent: str | None) -> list[str]:
    with explained(parent or "the archive"):
        prefixes = obstore.list_with_delimiter(store, parent)["common_prefixes"]
    return sorted(each.rstrip("/").rpartition("/")[2] for each in prefixes)


def read_hour(store: ObjectStore, topic: str, hour: int) -> StoredHour:
    """List an hour. Raises LogferryError."""
    found = StoredHour(topic, hour)
    prefix, modified = hour_prefix(topic, hour), 0.0
    with explained(prefix):
        for page in obstore.list(store, prefix):
            for each in page:
                name, written = each["path"], each["last_modified"].timestamp()
                place, manifest = object_place(name), manifest_place(name)
                if place is not None:
                    found.objects.append(StoredObject(name, place, each["size"], written, each["e_tag"]))
                elif manifest is not None:
                    found.manifests[manifest.partition] = name
                else:
                    found.foreign.append(name)
                    continue
                modified = max(modified, written)
    found.objects.sort(key=lambda one: (one.place.namespace, one.place.partition, one.place.first_offset, one.name))
    return StoredHour(topic, hour, found.objects, found.manifests, modified, sorted(found.foreign))


def fetch(store: ObjectStore, name: str) -> bytes | None:
    """A small object whole; None when it is not there. Raises LogferryError."""
    with explained(name):
        try:
            return obstore.get(store, name).bytes().to_bytes()
        except (NotFoundError, FileNotFoundError):
            return None


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Errors of the store for a person who waits: nothing is tried again. Raises LogferryError."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise _explained(what, error) from error


def _explained(what: str, error: BaseError | OSError) -> LogferryError:
    kind, remedy = cause(error)
    if kind == "no_bucket" and "NoSuchBucket" not in str(error):
        return GoneError("the object is not there any more", delay=0.0, where=what, remedy="try again")
    if kind == "no_bucket":
        return SettingsError("there is no such bucket", where=what, remedy=remedy)
    if kind == "no_access":
        return SettingsError(f"the object store refuses: {reason(error)}", where=what, remedy=remedy)
    problem = f"the object store does not answer as it should: {reason(error)}"
    return TemporaryError(problem, delay=RETRY_SECS, where=what, remedy=remedy)


class ObjectFile(io.RawIOBase):
    """An object as a file that is open for reading: a request for each read."""

    def __init__(self, store: ObjectStore, name: str, size: int) -> None:
        super().__init__()
        self._store = store
        self._object = name
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """As of files."""
        return self._at

    def size(self) -> int:
        """Bytes."""
        return self._size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of files."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: object) -> int:
        """As of files. Raises LogferryError when the store does not give what it has."""
        view = memoryview(cast("bytearray", buffer)).cast("B")
        length = min(len(view), self._size - self._at)
        if length <= 0:
            return 0
        with explained(self._object):
            piece = obstore.get_range(self._store, self._object, start=self._at, length=length)
        view[: len(piece)] = memoryview(piece)
        self._at += len(piece)
        return len(piece)


def open_object(store: ObjectStore, each: StoredObject, buffer: int = READ_AHEAD) -> BinaryIO:
    """An object as a file, read ahead by ``buffer`` bytes."""
    return cast("BinaryIO", io.BufferedReader(ObjectFile(store, each.name, each.bytes), buffer))
