"""The names of all metrics, each with its meaning. Prometheus naming; units last, counters end in _total.

``runtime.metrics`` makes them real; `logferry up`, `logferry status` and dashboards read them by these names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class Metric:
    """One metric: its kind, what it means, and the labels it is split by."""

    kind: Literal["counter", "gauge"]
    meaning: str
    labels: tuple[str, ...] = ()


METRICS: Final[dict[str, Metric]] = {
    # producers
    "logferry_producer_read_bytes_total": Metric("counter", "Bytes read from files and handed to Kafka's client."),
    "logferry_producer_read_lines_total": Metric("counter", "Line ends in the bytes read."),
    "logferry_producer_acknowledged_bytes_total": Metric("counter", "Bytes that Kafka has acknowledged."),
    "logferry_producer_pending_bytes": Metric(
        "gauge", "Bytes read and not yet acknowledged; bounded by memory_max_bytes."
    ),
    "logferry_producer_backlog_bytes": Metric("gauge", "Bytes in watched files that are not read yet."),
    "logferry_producer_sources": Metric("gauge", "Sources (containers) that are watched."),
    "logferry_producer_lost_bytes_total": Metric("counter", "Bytes known to have existed that vanished unread."),
    "logferry_producer_errors_total": Metric("counter", "Failures, by kind.", ("kind",)),
    # streams
    "logferry_stream_chunks_total": Metric("counter", "Chunks read from logs.raw."),
    "logferry_stream_lines_total": Metric("counter", "Lines framed."),
    "logferry_stream_joined_lines_total": Metric("counter", "Lines that became part of an earlier line's record."),
    "logferry_stream_repeated_bytes_total": Metric("counter", "Bytes skipped because they had been seen already."),
    "logferry_stream_records_total": Metric("counter", "Records produced, by topic.", ("topic",)),
    "logferry_stream_dropped_records_total": Metric("counter", "Records dropped, by reason.", ("reason",)),
    "logferry_stream_dead_letters_total": Metric(
        "counter", "Lines or chunks sent to logs.dead-letter, by reason.", ("reason",)
    ),
    "logferry_stream_unresolved_records_total": Metric("counter", "Records whose pod was not known in logs.pods."),
    "logferry_stream_pending_bytes": Metric("gauge", "Bytes of chunks whose records are not all acknowledged."),
    "logferry_stream_errors_total": Metric("counter", "Failures, by kind.", ("kind",)),
    # sinks
    "logferry_sink_records_total": Metric("counter", "Records read from the sink's topics.", ("sink",)),
    "logferry_sink_documents_total": Metric(
        "counter", "Documents by what became of them: indexed, already_there, rejected.", ("sink", "outcome")
    ),
    "logferry_sink_objects_total": Metric("counter", "Objects written.", ("sink",)),
    "logferry_sink_object_bytes_total": Metric("counter", "Bytes of objects written.", ("sink",)),
    "logferry_sink_archived_records_total": Metric("counter", "Records in the objects written.", ("sink",)),
    "logferry_sink_dead_letters_total": Metric(
        "counter", "Records sent to logs.dead-letter, by reason.", ("sink", "reason")
    ),
    "logferry_sink_retries_total": Metric("counter", "Requests tried again, by cause.", ("sink", "cause")),
    "logferry_sink_errors_total": Metric("counter", "Failures, by kind.", ("sink", "kind")),
}
