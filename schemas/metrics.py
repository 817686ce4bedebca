"""The names of all metrics, each with its meaning. Prometheus naming; units last, counters end in _total.

``runtime.metrics`` makes them real; `logferry up`, `logferry status` and dashboards read them by these names, and
docs/metrics.md lists them. Labels are bounded by what the settings and Kafka have: sinks, topics, partitions,
namespaces with quotas or limits, and words of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class Metric:
    """One metric: its kind, what it means, and the labels it is split by."""

    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets, in its unit."""


UNITS: Final = {"bytes": "bytes", "seconds": "seconds"}
_MOMENT: Final = "_timestamp_seconds"

LATENCY: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 21600)
"""From what is looked for at once to what was held up by a weekend's outage, in seconds."""


def unit_of(name: str) -> str:
    """The unit of a metric, as its name has it; a number of things where it names none."""
    stem = name.removesuffix("_total")
    if stem.endswith(_MOMENT):
        return "seconds since 1970"
    return UNITS.get(stem.rpartition("_")[2], "number")


METRICS: Final[dict[str, Metric]] = {
    # every process
    "logferry_build_info": Metric("gauge", "Always 1; which version of logferry this is.", ("version",)),
    "logferry_tracing_spans_total": Metric(
        "counter",
        "Spans of traced chunks by what became of them: exported, failed (the collector did not take them), dropped "
        "(too many waited, or it was too late).",
        ("outcome",),
    ),
    # producers
    "logferry_producer_read_bytes_total": Metric("counter", "Bytes read from files and handed to Kafka's client."),
    "logferry_producer_read_lines_total": Metric("counter", "Line ends in the bytes read."),
    "logferry_producer_acknowledged_bytes_total": Metric("counter", "Bytes that Kafka has acknowledged."),
    "logferry_producer_pending_bytes": Metric(
        "gauge", "Bytes read and not yet acknowledged; bounded by memory_max_bytes."
    ),
    "logferry_producer_backlog_bytes": Metric("gauge", "Bytes in watched files that are not read yet."),
    "logferry_producer_removed_bytes": Metric(
        "gauge", "Size of files that were removed and are held open until they are read; their disk space is not free."
    ),
    "logferry_producer_sources": Metric("gauge", "Sources (containers) that are watched."),
    "logferry_producer_lost_bytes_total": Metric("counter", "Bytes known to have existed that vanished unread."),
    "logferry_producer_lost_entries_total": Metric("counter", "Journal entries that were removed unread."),
    "logferry_producer_delayed_seconds_total": Metric(
        "counter", "Seconds for which logs waited because of their namespace's rate limit.", ("namespace",)
    ),
    "logferry_producer_held_up": Metric(
        "gauge", "1 while nothing is read because memory_max_bytes wait for Kafka, else 0."
    ),
    "logferry_producer_held_up_seconds_total": Metric("counter", "Seconds for which that was so."),
    "logferry_producer_unacknowledged_seconds": Metric(
        "gauge", "For how long Kafka has acknowledged nothing though something waits for it; 0: nothing waits."
    ),
    "logferry_producer_oldest_unsent_seconds": Metric(
        "gauge",
        "At least so old is the oldest line in watched files that is not read yet, as of the last look (a second ago), "
        "and a tenth of the highest value since more at most. What was unread at the start is taken to be as old as "
        "its file's last change.",
    ),
    "logferry_producer_checkpoint_age_seconds": Metric(
        "gauge", "How long ago the checkpoint on disk lacked nothing; 0: it lacks nothing now."
    ),
    "logferry_producer_errors_total": Metric(
        "counter",
        "Failures, by kind: checkpoint (it could not be written), unreadable_file, journal (it could not be read), "
        "kafka (Kafka's client reports one), and those of inputs that listen.",
        ("kind",),
    ),
    "logferry_producer_syslog_connections_total": Metric("counter", "Syslog connections taken.", ("input",)),
    "logferry_producer_syslog_split_messages_total": Metric(
        "counter", "Syslog messages longer than message_max_bytes, which travel in pieces.", ("input",)
    ),
    "logferry_producer_syslog_dropped_datagrams_total": Metric(
        "counter", "Syslog datagrams that the kernel dropped because the socket's buffer was full.", ("input",)
    ),
    "logferry_producer_forward_connections_total": Metric(
        "counter", "Connections taken by inputs of type forward.", ("input",)
    ),
    "logferry_producer_forward_requests_total": Metric(
        "counter", "Requests that inputs of type forward took, whatever their mode.", ("input",)
    ),
    "logferry_producer_forward_refused_total": Metric(
        "counter", "Connections that inputs of type forward closed for what came by them.", ("input", "reason")
    ),
    "logferry_producer_http_requests_total": Metric(
        "counter",
        "Requests to inputs of type http by what became of them: kept, repeated (a retry), empty, or why refused.",
        ("input", "outcome"),
    ),
    # the pod watcher
    "logferry_pods_leading": Metric("gauge", "1 while this watcher holds the lease and writes, else 0."),
    "logferry_pods_in_step": Metric("gauge", "1 once everything that is watched has been listed, else 0."),
    "logferry_pods_known": Metric("gauge", "Pods in logs.pods that exist."),
    "logferry_pods_deleted": Metric("gauge", "Pods in logs.pods that are deleted and still kept."),
    "logferry_pods_silence_seconds": Metric("gauge", "Time since the API server was heard, of the quietest scope."),
    "logferry_pods_alive_timestamp_seconds": Metric("gauge", "When the main thread last moved; for liveness."),
    "logferry_pods_lists_total": Metric("counter", "Lists read to their end, by why they were needed.", ("why",)),
    "logferry_pods_events_total": Metric("counter", "Changes that the watch told of, by kind.", ("kind",)),
    "logferry_pods_written_records_total": Metric("counter", "Records written to logs.pods, by change.", ("change",)),
    "logferry_pods_unchanged_total": Metric("counter", "Pods seen of which logs.pods said the same already."),
    "logferry_pods_unresolved_owners_total": Metric("counter", "Requests for owners of owners that failed."),
    "logferry_pods_errors_total": Metric("counter", "Failed requests to the API server, by kind.", ("kind",)),
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
    "logferry_stream_parse_failures_total": Metric(
        "counter", "Lines that are not of the format that was chosen for them, kept whole, by parser.", ("parser",)
    ),
    "logferry_stream_redactions_total": Metric("counter", "Values redacted, by detector.", ("detector",)),
    "logferry_stream_delayed_records_total": Metric("counter", "Records over their namespace's quota.", ("namespace",)),
    "logferry_stream_pending_bytes": Metric("gauge", "Bytes of chunks whose records are not all acknowledged."),
    "logferry_stream_control_offset": Metric(
        "gauge",
        "Version of the live rules in this worker: offset of the last record of logs.control that it knows; -1: none.",
    ),
    "logferry_stream_live_rules": Metric("gauge", "Live rules in force in this worker, by kind.", ("kind",)),
    "logferry_stream_lag_records": Metric(
        "gauge", "Chunks in a partition of logs.raw that are not finished, those under way included.", ("partition",)
    ),
    "logferry_stream_lag_seconds": Metric(
        "gauge", "For how long the oldest of them has been in Kafka.", ("partition",)
    ),
    "logferry_stream_latency_seconds": Metric(
        "histogram",
        "From when a producer read a chunk until Kafka had all that came of it; each live chunk once, no replays.",
        (),
        LATENCY,
    ),
    "logferry_stream_held_up": Metric(
        "gauge", "1 while no chunk is taken in because stream.in_flight_max_bytes wait for Kafka, else 0."
    ),
    "logferry_stream_held_up_seconds_total": Metric("counter", "Seconds for which that was so."),
    "logferry_stream_waiting_pods": Metric(
        "gauge", "Pods whose chunks wait now because logs.pods has not told of them yet."
    ),
    "logferry_stream_waiting_bytes": Metric("gauge", "Bytes of those chunks."),
    "logferry_stream_errors_total": Metric(
        "counter",
        "Failures, by kind: rule (a live rule cannot be obeyed), annotation (one of a pod), pod (a record of logs.pods "
        "cannot be read), commit (positions were not committed, their chunks are read again), kafka (Kafka's client "
        "reports one).",
        ("kind",),
    ),
    # sinks
    "logferry_sink_records_total": Metric("counter", "Records read from the sink's topics.", ("sink",)),
    "logferry_sink_documents_total": Metric(
        "counter",
        "Records by what became of them, in sinks of all types but object_storage: indexed (a document was made), "
        "delivered (a destination without documents has it), already_there (a retry or a replay met itself), "
        "refused_unnamed (refused by a server that does not say which of a request), rejected (a dead letter).",
        ("sink", "outcome"),
    ),
    "logferry_sink_objects_total": Metric("counter", "Objects written.", ("sink",)),
    "logferry_sink_object_bytes_total": Metric("counter", "Bytes of objects written.", ("sink",)),
    "logferry_sink_archived_records_total": Metric("counter", "Records in the objects written.", ("sink",)),
    "logferry_sink_dead_letters_total": Metric(
        "counter", "Records sent to logs.dead-letter, by reason.", ("sink", "reason")
    ),
    "logferry_sink_lost_records_total": Metric(
        "counter", "Records that Kafka's retention removed before the sink read them, at most.", ("sink",)
    ),
    "logferry_sink_retries_total": Metric("counter", "Requests tried again, by cause.", ("sink", "cause")),
    "logferry_sink_lag_records": Metric(
        "gauge",
        "Records of a topic, in the partitions of this process, that are not finished, those under way included.",
        ("sink", "topic"),
    ),
    "logferry_sink_lag_seconds": Metric(
        "gauge", "For how long the oldest of them has been in Kafka.", ("sink", "topic")
    ),
    "logferry_sink_latency_seconds": Metric(
        "histogram",
        "From when a line was written (by the runtime's time of it) until the destination had acknowledged it. Of each "
        "request some records spread evenly (object_storage: of each read). Topics of chunks: from when they were "
        "read. What is older than when it came into Kafka by a replay counts too, unless its chunk says so.",
        ("sink",),
        LATENCY,
    ),
    "logferry_sink_held_up": Metric(
        "gauge",
        "1 while records wait because the destination has all the requests that it gets at once, else 0.",
        ("sink",),
    ),
    "logferry_sink_held_up_seconds_total": Metric("counter", "Seconds for which that was so.", ("sink",)),
    "logferry_sink_requests": Metric("gauge", "Requests under way.", ("sink",)),
    "logferry_sink_requests_limit": Metric(
        "gauge",
        "Requests that the destination gets at once now; below requests_in_flight it was slow or refused some.",
        ("sink",),
    ),
    "logferry_sink_request_limit_bytes": Metric(
        "gauge", "Size of requests now; below batch_max_bytes the destination was slow or refused some.", ("sink",)
    ),
    "logferry_sink_failing_seconds": Metric(
        "gauge", "For how long the destination has taken nothing that it was sent; 0: it works.", ("sink",)
    ),
    "logferry_sink_deleted_indices_total": Metric("counter", "Indices that retention has deleted.", ("sink",)),
    "logferry_sink_deleted_archive_hours_total": Metric(
        "counter", "Hours of the archive, of one topic each, that retention has deleted.", ("sink",)
    ),
    "logferry_sink_errors_total": Metric(
        "counter",
        "Failures, by kind: prepare (the destination could not be made ready), commit (positions were not committed, "
        "their records are read again), kafka (Kafka's client reports one), retention (something that is over could "
        "not be deleted), unkept (a letter of a letter, which stays where it is); of object_storage no_access, "
        "no_bucket, throttled, timeout, unreachable, disk_full, contended, failed.",
        ("sink", "kind"),
    ),
}
