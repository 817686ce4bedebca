"""The Cloud Logging destination: LogRecords become entries, which are written with partial success."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from schemas.codec import Undecodable
from schemas.document import iso_time
from schemas.settings.sinks.google_cloud import REQUEST_BYTES_AT_MOST, GoogleCloudSink
from sinks.destination import Built, Destination
from sinks.google_cloud.entries import Entry, EntryBuilder
from sinks.google_cloud.request import Requests
from sinks.google_cloud.verdict import worst
from sinks.log_records import RecordBuilder
from sinks.verdict import Verdict

if TYPE_CHECKING:
    from confluent_kafka import Message

    from schemas.settings import Settings

TOO_OLD: Final = "too_old"
_DAY_NANOS: Final = 86_400_000_000_000


class GoogleCloudDestination(Destination[Entry]):
    """One sink's project."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, GoogleCloudSink)
        self._settings = sink
        self._requests = Requests(sink)
        self._records = RecordBuilder(lambda topic: settings.format_of(topic) == "json")
        self._entries = EntryBuilder(sink)

    def build(self, records: Sequence[Message]) -> Built[Entry]:
        """As Destination says."""
        found = self._records.build(records)
        built: Built[Entry] = Built(rejected=found.rejected)
        days = self._settings.retention_days
        oldest = None if days is None else time.time_ns() - days * _DAY_NANOS
        for message, record in zip(found.records, found.pieces, strict=True):
            if oldest is not None and record["timestamp"] < oldest:
                built.rejected.append((message, _too_old(record["timestamp"], days)))
                continue
            entry = self._entries.entry(record)
            built.records.append(message)
            built.pieces.append(entry)
            built.sizes.append(entry.size)
        return built

    def send(self, pieces: Sequence[Entry]) -> list[Verdict]:
        """As Destination says."""
        answers: list[Verdict] = []
        for parts in requests([part for piece in pieces for part in piece.parts]):
            answers += self._requests.write(parts)
        if len(answers) == len(pieces):
            return answers
        each = iter(answers)
        return [worst([next(each) for _ in piece.parts]) for piece in pieces]

    def safer(self, piece: Entry, _reason: str) -> Entry | None:
        """As Destination says: the line as text, without the fields that Google may have disliked."""
        return None if piece.is_text else self._entries.text_entry(piece.record)

    def close(self) -> None:
        """As Destination says."""
        self._requests.close()


def requests(parts: Sequence[bytes], most: int = REQUEST_BYTES_AT_MOST) -> Iterator[list[bytes]]:
    """Entries in requests of ``most`` bytes; nearly always one."""
    request: list[bytes] = []
    size = 0
    for part in parts:
        if request and size + len(part) + 1 > most:
            yield request
            request, size = [], 0
        request.append(part)
        size += len(part) + 1
    if request:
        yield request


def _too_old(timestamp: int, days: int | None) -> Undecodable:
    problem = (
        f"{iso_time(timestamp)} is more than {days} days ago: Cloud Logging would take it and store it in no bucket"
    )
    return Undecodable(TOO_OLD, problem)
