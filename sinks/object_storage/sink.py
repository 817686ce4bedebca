"""The object storage sink: read, gather by hour and namespace, write whole objects, then commit."""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import TYPE_CHECKING, Final

import obstore
from confluent_kafka import Message
from obstore.exceptions import BaseError

from runtime.backoff import Backoff
from runtime.metrics import Metrics
from runtime.object_store import open_store
from schemas.codec import Codec
from schemas.settings import ObjectStorageSink
from sinks.consumer import Batch, GroupConsumer, Partition, partition_of
from sinks.core.decode import RecordDecoder
from sinks.dead_letters import DeadLetters
from sinks.object_storage.buffers import ArchiveObject, AvroBuffer, Buffer, ParquetBuffer, largest

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

READ_RECORDS: Final = 2000
READ_SECS: Final = 0.2
BUFFERS_MAX: Final = 2
"""All partitions together hold at most so many times object_max_bytes."""
LOUD_EVERY: Final = 10


class ObjectStorageShell:
    """One process of the sink."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, ObjectStorageSink)
        names = settings.topics.names
        self._name = name
        self._settings = sink
        self._codecs = {names.raw: Codec("raw_chunk"), names.dead_letter: Codec("dead_letter")}
        """Topic -> codec, for those that hold no LogRecord values."""
        self.metrics = Metrics("sink")
        self._store = open_store(sink.url, sink.options)
        self._consumer = GroupConsumer(settings.kafka, settings.sink_group(name), sink.topics, self._forget)
        self._dead_letters = DeadLetters(settings.kafka, names.dead_letter, name)
        self._decoder = RecordDecoder()
        self._backoff = Backoff()
        self._buffers: dict[Partition, Buffer] = {}
        self._unfinished: dict[Partition, list[Batch]] = {}
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop; what was read by then is written."""
        self._stop = stop
        while not stop.is_set():
            self._take(self._consumer.read(READ_RECORDS, READ_SECS))
            for partition in self._due(time.monotonic()):
                self._flush(partition)
            self._consumer.commit()
        for partition in list(self._buffers):
            self._flush(partition)
        self._consumer.close()

    def _take(self, records: list[Message]) -> None:
        by_partition: dict[Partition, list[Message]] = {}
        for record in records:
            by_partition.setdefault(partition_of(record), []).append(record)
        for partition, own in by_partition.items():
            buffer = self._buffers.get(partition)
            if buffer is None:
                buffer = self._buffers[partition] = self._new_buffer(*partition)
            self._unfinished.setdefault(partition, []).append(self._consumer.begin(own))
            for record, problem in buffer.add(own):
                self._dead_letters.send(record, problem.reason, problem.message)
                self.metrics.count("logferry_sink_dead_letters_total", 1, self._name, problem.reason)
        self.metrics.count("logferry_sink_records_total", len(records), self._name)

    def _new_buffer(self, topic: str, partition: int) -> Buffer:
        codec = self._codecs.get(topic)
        if codec is not None or self._settings.format == "avro":
            return AvroBuffer(topic, partition, time.monotonic(), codec or Codec("log_record"))
        return ParquetBuffer(topic, partition, time.monotonic(), self._decoder)

    def _due(self, now: float) -> list[Partition]:
        """Partitions whose objects are large or old enough; or the largest, when all together hold too much."""
        limit, age = self._settings.object_max_bytes, self._settings.object_max_age_secs
        due = [key for key, each in self._buffers.items() if each.size >= limit or now - each.opened_at >= age]
        if not due and sum(each.size for each in self._buffers.values()) >= BUFFERS_MAX * limit:
            chosen = largest(self._buffers.values())
            due = [(chosen.topic, chosen.partition)]
        return due

    def _flush(self, partition: Partition) -> None:
        """Write all objects of a partition; only then its records are finished."""
        buffer = self._buffers.pop(partition)
        batches = self._unfinished.pop(partition)
        for each in buffer.objects():
            if not self._write(each):
                return  # asked to stop: not committed, read again next time
        self._dead_letters.flush()
        for batch in batches:
            self._consumer.finish(batch)

    def _write(self, each: ArchiveObject) -> bool:
        attempt = 0
        while True:
            try:
                obstore.put(self._store, each.name, each.body)
            except (BaseError, OSError) as error:
                attempt += 1
                self.metrics.count("logferry_sink_retries_total", 1, self._name, type(error).__name__)
                if attempt % LOUD_EVERY == 1:
                    _log.warning("%s cannot be written, attempt %d: %s", each.name, attempt, error)
                if self._stop.wait(self._backoff.delay(attempt, random.random())):  # noqa: S311 - jitter, no secret
                    return False
            else:
                self.metrics.count("logferry_sink_objects_total", 1, self._name)
                self.metrics.count("logferry_sink_object_bytes_total", len(each.body), self._name)
                self.metrics.count("logferry_sink_archived_records_total", each.records, self._name)
                return True

    def _forget(self, gone: set[Partition]) -> None:
        """Partitions were revoked: whoever has them now reads from the last commit."""
        for partition in gone:
            self._buffers.pop(partition, None)
            self._unfinished.pop(partition, None)
