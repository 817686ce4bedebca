"""Which kind of buffer a topic needs: by its meaning, else by the format of the archive."""

from __future__ import annotations

from collections.abc import Callable

from schemas.codec import Codec
from schemas.settings import ObjectStorageSink
from schemas.topic_names import TopicNames
from sinks.core.decode import RecordDecoder
from sinks.object_storage.buffers import Buffer, Origin
from sinks.object_storage.columns import ColumnBuffer
from sinks.object_storage.documents import DocumentRecords
from sinks.object_storage.parquet import ParquetWriter
from sinks.object_storage.values import LogRecordReader, ValueBuffer, ValueReader


class Kinds:
    """Makes buffers."""

    def __init__(self, names: TopicNames, sink: ObjectStorageSink, version: str) -> None:
        self._version = version
        self._fixed = {
            names.raw: "raw_chunk",
            names.pods: "pod",
            names.dead_letter: "dead_letter",
            names.ledger: "ledger_entry",
        }
        self._decoder = RecordDecoder()
        self._documents = DocumentRecords()
        self._records: Callable[[Origin], Buffer] = self._columns if sink.format == "parquet" else self._values
        self._writer = ParquetWriter(sink.promote)

    def buffer(self, origin: Origin) -> Buffer:
        """A buffer for a partition."""
        kind = self._fixed.get(origin.topic)
        if kind is None:
            return self._records(origin)
        return ValueBuffer(origin, ValueReader(Codec(kind)), self._version)

    def _columns(self, origin: Origin) -> Buffer:
        return ColumnBuffer(origin, self._decoder, self._documents, self._writer, self._version)

    def _values(self, origin: Origin) -> Buffer:
        reader = LogRecordReader(Codec("log_record"), self._decoder, self._documents)
        return ValueBuffer(origin, reader, self._version)
