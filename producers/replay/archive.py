"""Reads a raw archive: objects of the hours that are meant, one after another, whole values out of each.

Memory holds one object. Objects of one source come in order; those of others in between do not matter, since in a
replay each source has a time of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import obstore
from obstore.exceptions import BaseError

from producers.core.replay.container import Damage, Value, values
from producers.core.replay.objects import RawObject, hour_folder, is_manifest, listed_in, object_of, with_manifests
from producers.core.replay.period import HOUR, Wanted, namespaces_of
from producers.replay.found import Chunk, Overview, Passed, Step, Trouble, pod_of
from schemas.codec import Codec, Undecodable
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

NANOS: Final = 1_000_000_000


class Archive:
    """The objects of one topic in a store."""

    def __init__(self, store: ObjectStore, url: str, topic: str) -> None:
        """``url`` is for messages."""
        self._store = store
        self._url = url
        self._topic = topic
        self._codec = Codec("raw_chunk")

    def overview(self, wanted: Wanted) -> Overview:
        """What there is of it, without reading an object. Raises TemporaryError."""
        objects, troubles = self._objects(wanted)
        return Overview(sum(each.size for each in objects), "bytes", len(objects), tuple(troubles))

    def read(self, wanted: Wanted, position: str = "") -> Iterator[Step]:
        """All chunks that are needed, from a position on. Raises TemporaryError when the store does not answer."""
        objects, troubles = self._objects(wanted)
        if not position:
            yield from troubles
        done = 0
        for each in objects:
            done += each.size
            if each.order > _order(position):
                yield from self._chunks(each, wanted)
                yield Passed(_text(each), done)

    def pods(self, topic: str, until: int) -> dict[str, dict[str, Any]]:
        """Pods as an archive of logs.pods knows them at a time (nanoseconds since 1970), by uid."""
        found: dict[str, dict[str, Any]] = {}
        last = hour_folder(topic, until // HOUR)
        for meta in self._list(f"{topic}/"):
            folder = "/".join(meta["path"].split("/")[:-2])
            if object_of(meta["path"], 0, 0) is None or folder > last:
                continue
            for each in values(self._get(meta["path"])):
                if isinstance(each, Value) and each.decoded.get("uid"):
                    _keep_newer(found, each.decoded, until)
        return found

    def _objects(self, wanted: Wanted) -> tuple[list[RawObject], list[Trouble]]:
        folders = namespaces_of(wanted.match.text)
        objects: list[RawObject] = []
        troubles: list[Trouble] = []
        for hour in wanted.period.hours():
            listing = self._list(f"{hour_folder(self._topic, hour)}/")
            there = [found for each in listing if (found := object_of(each["path"], each["size"], hour))]
            entries = [entry for each in listing if is_manifest(each["path"]) for entry in self._manifest(each["path"])]
            known, missing = with_manifests(there, entries)
            objects += [each for each in known if folders is None or each.namespace in folders]
            troubles += [
                Trouble(name, "the manifest lists it, but it is not there")
                for name in missing
                if folders is None or name.split("/")[-2] in folders
            ]
        return [each for each in objects if each.may_have(wanted.period)], troubles

    def _manifest(self, name: str) -> list[Any]:
        return list(listed_in(self._get(name)) or ())

    def _chunks(self, each: RawObject, wanted: Wanted) -> Iterator[Step]:
        try:
            data = self._get(each.name)
        except FileNotFoundError:  # compacted or deleted meanwhile
            yield Trouble(each.name, "it was deleted while the replay ran")
            return
        for found in values(data):
            if isinstance(found, Damage):
                yield Trouble(each.name, f"{found.problem}, at byte {found.position} of {len(data)}")
                continue
            chunk = self._codec.decode(found.raw)
            if isinstance(chunk, Undecodable):
                yield Trouble(each.name, chunk.message)
                return
            role = wanted.role_of(chunk)
            if role is not None:
                moment = chunk["observed_timestamp"] / NANOS
                yield Chunk(found.raw, chunk["source"]["id"], role, max(0.0, moment), pod_of(chunk))

    def _list(self, prefix: str) -> list[Any]:
        try:
            return [meta for batch in obstore.list(self._store, prefix=prefix) for meta in batch]
        except (BaseError, OSError) as error:
            raise self._silent(error) from error

    def _get(self, name: str) -> bytes:
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            raise self._silent(error) from error

    def _silent(self, error: Exception) -> TemporaryError:
        return TemporaryError(
            f"the raw archive cannot be read: {error}",
            delay=5.0,
            where=self._url,
            remedy="check the store, and the right to list and read; then run the same command again, it goes on",
        )


def _text(each: RawObject) -> str:
    return f"{each.hour} {each.partition} {each.first_offset} {each.name}"


def _order(position: str) -> tuple[int, int, int, str]:
    hour, partition, first, name = position.split(" ", 3) if position else ("-1", "0", "0", "")
    return int(hour), int(partition), int(first), name


def _keep_newer(found: dict[str, dict[str, Any]], pod: dict[str, Any], until: int) -> None:
    """Of a pod the latest state before a time, or the first one behind it."""
    known = found.get(pod["uid"])
    if known is None:
        found[pod["uid"]] = pod
        return
    is_before, was_before = pod["observed_at"] <= until, known["observed_at"] <= until
    is_newer = pod["observed_at"] > known["observed_at"]
    if is_before if is_before != was_before else is_newer == is_before:
        found[pod["uid"]] = pod
