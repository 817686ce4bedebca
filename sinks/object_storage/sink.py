"""The object storage sink: read, gather by hour and namespace, write whole objects and manifests, then commit."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from confluent_kafka import Message

from runtime.health import Health
from runtime.metrics import Metrics
from runtime.object_store import open_store
from runtime.traced_batch import TracedBatches
from schemas.settings import ObjectStorageSink
from schemas.settings.days import days
from sinks.accounts import Accounts
from sinks.consumer import GroupConsumer, Partition, offset_of, partition_of
from sinks.core.account import ARCHIVED, DEAD_LETTER
from sinks.core.open_folders import Limits, OpenFolder, due
from sinks.dead_letters import DeadLetters
from sinks.figures import SinkFigures
from sinks.latency import Latency
from sinks.ledger import Ledger
from sinks.object_storage.buffers import ArchiveObject, Folder, Origin
from sinks.object_storage.kinds import Kinds
from sinks.object_storage.part import Part, is_replayed, tell_covered, tell_passed
from sinks.object_storage.placement import Placement
from sinks.object_storage.requests import Requests, StoppedError
from sinks.object_storage.retention import HourlyRetention
from sinks.object_storage.topic_ids import TopicIds
from sinks.object_storage.writer import objects_of

if TYPE_CHECKING:
    from schemas.settings import Settings
    from sinks.core.manifest import Entry

_log = logging.getLogger(__name__)

READ_SECS: Final = 0.2
READ_BYTES: Final = 4 * 1024 * 1024
READ_RECORDS: Final = 5000
"""Chunks are a thousand times larger than records, so how many are read at once follows from their size."""

_Put = tuple[str, Callable[[], "Entry"]]
_Listing = tuple[str, Callable[[], object]]


class ObjectStorageShell:
    """One process of the sink."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, ObjectStorageSink)
        self._name = name
        self._limits = Limits(sink.object_max_bytes, sink.object_max_age_secs, sink.memory_max_bytes)
        self.metrics = Metrics("sink")
        self.traces: TracedBatches | None = None
        self.health = Health(settings.metrics.stall_secs)
        store = open_store(sink.url, sink.options, create=True)
        self._placement = Placement(objects_of(store))
        self._ledger = Ledger(settings, name, self.health.waiting)
        self._retention = (
            None
            if sink.retention is None
            else HourlyRetention(store, sink.topics, days(sink.retention), ledger=self._ledger)
        )
        self._requests = Requests(name, self.metrics, self.health, sink.requests_in_flight, self._stay)
        self._consumer = GroupConsumer(
            settings.kafka,
            settings.sink_group(name),
            sink.topics,
            self._forget,
            stall_secs=settings.metrics.stall_secs,
            accounts=Accounts(self._ledger, ARCHIVED, self._lost),
        )
        self._latency = Latency(name, settings, self.metrics)
        self._figures = SinkFigures(name, self.metrics, self._consumer, self._requests.failing)
        if self._retention is not None:
            self._retention.count = self._figures.count
        self._dead_letters = DeadLetters(settings.kafka, settings.topics.names.dead_letter, name, self.health)
        self._topic_ids = TopicIds(settings.kafka, f"logferry-sink-{name}")
        self._raw = settings.topics.names.raw
        self._kinds = Kinds(settings.topics.names, sink, version("logferry"))
        self._parts: dict[Partition, Part] = {}
        self._waiting: list[Message] = []
        """Read while a request took long."""
        self._revoked: set[Partition] = set()
        """Partitions that were revoked since the records at hand were read."""
        self._most = 100
        self._is_prepared = False
        self._requests.moved = self._consumer.intake.moved
        self.health.live_if(self._consumer.intake.check)
        self.health.ready_if(self._prepared)
        self.health.ready_if(self._consumer.check)

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop; what was read by then is written."""
        self._requests.stop = stop
        try:
            self._requests.one("writing to the archive", self._placement.probe)
            self._is_prepared = True
            if not self._placement.conditional:
                _log.info("the store knows no conditional writes: names of objects say both offsets")
            if self._retention is not None:
                self._retention.start()
            while not stop.is_set():
                self.health.beat()
                self._figures.held.free()
                self._take(self._read())
                self._write_due()
                self._consumer.commit()
            for partition, part in list(self._parts.items()):
                self._write(partition, {each.key for each in part.buffer.open()})
        except StoppedError:
            _log.warning("stopped while the store could not be written to; what was not committed is read again")
        if self._retention is not None:
            self._retention.close()
        self._requests.close()
        self._consumer.close()

    def _prepared(self, _now: float) -> str | None:
        return None if self._is_prepared else "the store has not been written to yet"

    def _read(self) -> list[Message]:
        records, self._waiting = self._waiting, []
        self._consumer.resume()
        records += self._consumer.read(self._most, READ_SECS if not records else 0.0)
        self._revoked.clear()
        if records:
            self._most = max(1, min(READ_RECORDS, READ_BYTES * len(records) // (sum(map(len, records)) + 1)))
        return records

    def _stay(self) -> None:
        """Stay in the group, but take nothing that there is no room for."""
        self._figures.held.hold()
        self._consumer.pause()
        self._waiting += self._consumer.read(READ_RECORDS, 0.0)

    def _take(self, records: list[Message]) -> None:
        by_partition: dict[Partition, list[Message]] = {}
        for record in records:
            by_partition.setdefault(partition_of(record), []).append(record)
        for partition, own in by_partition.items():
            if partition not in self._revoked:
                self._take_of(partition, own)
        self.metrics.count("logferry_sink_records_total", len(records), self._name)

    def _take_of(self, partition: Partition, records: list[Message]) -> None:
        part = self._parts.get(partition)
        if part is None:
            origin = Origin(*partition, self._topic_ids.of(partition[0]))
            part = self._parts[partition] = Part(self._kinds.buffer(origin))
        written_at = self._latency.sample(records)
        batch = self._consumer.begin_of(partition, records)
        part.batches.append((batch, offset_of(records[-1]), written_at))
        block = part.buffer.read(
            [each for each in records if not is_replayed(each)] if partition[0] == self._raw else records
        )
        for record, problem in block.rejected:
            if not self._dead_letters.send(record, problem.reason, problem.message):
                self._figures.count("logferry_sink_errors_total", 1, "unkept")
            self.metrics.count("logferry_sink_dead_letters_total", 1, self._name, problem.reason)
            batch.tell(record, DEAD_LETTER + problem.reason)
        tell_passed(batch, records, block)
        if self.traces is not None:
            self.traces.read(partition, records)
        for hour in set(block.hours) - part.hours:
            self._look_up(part, hour, offset_of(records[0]))
        if self._parts.get(partition) is part:  # else it was revoked meanwhile
            part.buffer.take(block, time.monotonic())
            tell_covered(batch, records, part.buffer)

    def _look_up(self, part: Part, hour: int, position: int) -> None:
        """Learn what an hour's manifest says to be there already."""
        origin, text = part.buffer.origin, Folder(hour, "").hour_text
        look = partial(self._placement.manifest, origin.topic, text, origin.partition)
        for entry in self._requests.one(f"reading the manifest of {origin.topic} {text}", look).objects:
            part.buffer.coverage.add(text, entry, position)
            if entry.last_offset >= position and not entry.replaces:  # perhaps its writer was ended before it told
                self._tell_object(origin, entry)
        part.hours.add(hour)

    def _write_due(self) -> None:
        """Write folders that are large or old enough; or the largest, when all together hold too much."""
        folders = [
            OpenFolder((partition, each.key), each.bytes, each.opened_at)
            for partition, part in self._parts.items()
            for each in part.buffer.open()
        ]
        chosen: dict[Partition, set[Folder]] = {}
        for partition, folder in due(folders, self._limits, time.monotonic()):
            chosen.setdefault(partition, set()).add(folder)
        for partition, part in list(self._parts.items()):
            if partition in chosen or (part.batches and not part.buffer.open()):
                self._write(partition, chosen.get(partition, set()))

    def _write(self, partition: Partition, folders: Collection[Folder]) -> None:
        """Write folders of a partition; only then what lies below the lowest that is open is finished."""
        part = self._parts.get(partition)
        if part is None:
            return  # revoked while another was written
        made: list[ArchiveObject] = []
        entries = self._requests.all(self._puts(part.buffer.cut(folders), made))
        listed: dict[str, list[Entry]] = {}
        for own, entry in zip(made, entries, strict=True):
            listed.setdefault(own.hour, []).append(entry)
            if entry.last_offset > own.entry.last_offset:  # somebody has written more than we have read
                part.buffer.coverage.add(own.hour, entry, own.entry.last_offset)
        self._requests.all(self._listings(part.buffer.origin, listed))
        for entry in entries:
            self._tell_object(part.buffer.origin, entry)
        self._dead_letters.flush()
        if self._parts.get(partition) is part:
            for batch, written_at in part.finished():
                self._consumer.finish(batch)
                self._latency.acknowledged(written_at)
            if self.traces is not None:
                self.traces.written(partition, part.buffer.lowest())

    def _tell_object(self, origin: Origin, entry: Entry) -> None:
        if origin.topic != self._ledger.topic:  # or each object of the ledger's would need one more
            self._ledger.write_object(origin.topic, origin.partition, entry)

    def _lost(self, count: int) -> None:
        self.metrics.count("logferry_sink_lost_records_total", count, self._name)

    def _puts(self, objects: Iterator[ArchiveObject], made: list[ArchiveObject]) -> Iterator[_Put]:
        for each in objects:
            made.append(each.without_body())
            yield f"writing {each.entry.name}", partial(self._put, each)

    def _put(self, each: ArchiveObject) -> Entry:
        entry = self._placement.put(each)
        self.metrics.count("logferry_sink_objects_total", 1, self._name)
        self.metrics.count("logferry_sink_object_bytes_total", len(each.body), self._name)
        self.metrics.count("logferry_sink_archived_records_total", each.entry.records, self._name)
        return entry

    def _listings(self, origin: Origin, listed: dict[str, list[Entry]]) -> Iterator[_Listing]:
        for hour, entries in listed.items():
            list_ = partial(self._placement.list_in_manifest, origin.topic, hour, origin.partition, entries)
            yield f"writing the manifest of {origin.topic} {hour}", list_

    def _forget(self, gone: set[Partition]) -> None:
        """Partitions were revoked: whoever has them now reads from the last commit."""
        self._revoked |= gone
        if self.traces is not None:
            self.traces.forget(gone)
        for partition in gone:
            self._parts.pop(partition, None)
        self._waiting = [each for each in self._waiting if partition_of(each) not in gone]
