"""On which figures each alert of the chart goes off, and on which, though they come near, it does not.

Series have one value a minute, in the notation of promtool: ``0x5`` is 0 six times, ``0+60x30`` rises by 60 a minute,
``_`` is no sample.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Case(NamedTuple):
    alert: str
    series: Mapping[str, str]
    at: str
    """When it is looked at, since the first sample."""
    fires: str | None = None
    """Labels by which the alert tells where; None: all is quiet. An empty text: for the installation as a whole."""


def flat(name: str, value: object, labels: str = "") -> dict[str, str]:
    """A series that stays as it is for two hours."""
    return {f"{name}{{{labels}}}": f"{value}x120"}


def rising(name: str, per_minute: float, labels: str = "") -> dict[str, str]:
    return {f"{name}{{{labels}}}": f"0+{per_minute}x120"}


def appears(name: str, labels: str) -> dict[str, str]:
    """A counter that is there only once it counts: after half an hour."""
    return {f"{name}{{{labels}}}": "_x29 1x90"}


NODE = 'node="n1"'
SINK = 'sink="search"'

CASES = (
    Case("LogferryBytesLost", {f"logferry_producer_lost_bytes_total{{{NODE}}}": "0x5 700x60"}, "10m", NODE),
    Case("LogferryBytesLost", flat("logferry_producer_lost_bytes_total", 700, NODE), "30m"),
    Case("LogferryBytesLost", {f"logferry_producer_lost_entries_total{{{NODE}}}": "0x5 1x60"}, "10m", NODE),
    Case("LogferryBacklogGrows", rising("logferry_producer_backlog_bytes", 2e6, NODE), "90m", NODE),
    Case("LogferryBacklogGrows", flat("logferry_producer_backlog_bytes", 90e6, NODE), "90m"),
    Case("LogferryLinesWaitOnNode", rising("logferry_producer_oldest_unsent_seconds", 60, NODE), "21m", NODE),
    Case("LogferryLinesWaitOnNode", flat("logferry_producer_oldest_unsent_seconds", 500, NODE), "90m"),
    Case("LogferryProducerHeldUp", rising("logferry_producer_held_up_seconds_total", 45, NODE), "40m", NODE),
    Case("LogferryProducerHeldUp", rising("logferry_producer_held_up_seconds_total", 15, NODE), "40m"),
    Case("LogferryProducerNotAcknowledged", rising("logferry_producer_unacknowledged_seconds", 60, NODE), "12m", NODE),
    Case("LogferryProducerNotAcknowledged", rising("logferry_producer_unacknowledged_seconds", 60, NODE), "10m"),
    Case(
        "LogferryCheckpointNotWritten",
        appears("logferry_producer_errors_total", f'{NODE},kind="checkpoint"'),
        "31m",
        NODE,
    ),
    Case("LogferryCheckpointNotWritten", appears("logferry_producer_errors_total", f'{NODE},kind="journal"'), "31m"),
    Case("LogferryCheckpointOld", rising("logferry_producer_checkpoint_age_seconds", 60, NODE), "8m", NODE),
    Case("LogferryCheckpointOld", flat("logferry_producer_checkpoint_age_seconds", 2, NODE), "60m"),
    Case(
        "LogferryDatagramsDropped",
        appears("logferry_producer_syslog_dropped_datagrams_total", f'{NODE},input="s"'),
        "31m",
        f'{NODE},input="s"',
    ),
    Case(
        "LogferryDatagramsDropped",
        flat("logferry_producer_syslog_dropped_datagrams_total", 9, f'{NODE},input="s"'),
        "60m",
    ),
    Case(
        "LogferryNamespaceDelayed",
        rising("logferry_producer_delayed_seconds_total", 59, f'{NODE},exported_namespace="dev"'),
        "119m",
        f'{NODE},exported_namespace="dev"',
    ),
    Case(
        "LogferryNamespaceDelayed",
        rising("logferry_producer_delayed_seconds_total", 30, f'{NODE},exported_namespace="dev"'),
        "119m",
    ),
    Case("LogferryNoPodWatcherLeads", flat("logferry_pods_leading", 0, 'pod="p1"'), "6m", ""),
    Case("LogferryNoPodWatcherLeads", {}, "6m", ""),
    Case("LogferryNoPodWatcherLeads", flat("logferry_pods_leading", 1, 'pod="p1"'), "60m"),
    Case(
        "LogferrySeveralPodWatchersLead",
        flat("logferry_pods_leading", 1, 'pod="p1"') | flat("logferry_pods_leading", 1, 'pod="p2"'),
        "3m",
        "",
    ),
    Case(
        "LogferrySeveralPodWatchersLead",
        flat("logferry_pods_leading", 1, 'pod="p1"') | flat("logferry_pods_leading", 0, 'pod="p2"'),
        "60m",
    ),
    Case(
        "LogferryPodWatcherSilent",
        flat("logferry_pods_leading", 1, 'pod="p1"') | rising("logferry_pods_silence_seconds", 60, 'pod="p1"'),
        "23m",
        "",
    ),
    Case(
        "LogferryPodWatcherSilent",
        flat("logferry_pods_leading", 0, 'pod="p1"') | rising("logferry_pods_silence_seconds", 60, 'pod="p1"'),
        "60m",
    ),
    Case(
        "LogferryUnresolvedPods",
        rising("logferry_stream_unresolved_records_total", 10)
        | rising("logferry_stream_records_total", 100, 'topic="a"'),
        "31m",
        "",
    ),
    Case(
        "LogferryUnresolvedPods",
        rising("logferry_stream_unresolved_records_total", 1)
        | rising("logferry_stream_records_total", 100, 'topic="a"'),
        "60m",
    ),
    Case(
        "LogferryStreamStalled",
        rising("logferry_producer_acknowledged_bytes_total", 1e6, NODE) | flat("logferry_stream_chunks_total", 5),
        "16m",
        "",
    ),
    Case(
        "LogferryStreamStalled",
        rising("logferry_producer_acknowledged_bytes_total", 1e6, NODE) | rising("logferry_stream_chunks_total", 5),
        "60m",
    ),
    Case(
        "LogferryStreamFallsBehind", rising("logferry_stream_lag_seconds", 60, 'partition="3"'), "21m", 'partition="3"'
    ),
    Case("LogferryStreamFallsBehind", flat("logferry_stream_lag_seconds", 200, 'partition="3"'), "60m"),
    Case(
        "LogferryStreamLate",
        rising("logferry_stream_latency_seconds_bucket", 10, 'le="60"')
        | rising("logferry_stream_latency_seconds_bucket", 100, 'le="120"')
        | rising("logferry_stream_latency_seconds_bucket", 100, 'le="+Inf"'),
        "31m",
        "",
    ),
    Case(
        "LogferryStreamLate",
        rising("logferry_stream_latency_seconds_bucket", 100, 'le="60"')
        | rising("logferry_stream_latency_seconds_bucket", 100, 'le="120"')
        | rising("logferry_stream_latency_seconds_bucket", 100, 'le="+Inf"'),
        "60m",
    ),
    Case(
        "LogferryStreamHoldsBack",
        flat("logferry_stream_held_up", 1, 'pod="w1"') | flat("logferry_stream_chunks_total", 9, 'pod="w1"'),
        "16m",
        'pod="w1"',
    ),
    Case(
        "LogferryStreamHoldsBack",
        flat("logferry_stream_held_up", 1, 'pod="w1"') | rising("logferry_stream_chunks_total", 1, 'pod="w1"'),
        "60m",
    ),
    Case(
        "LogferryDeadLetters",
        appears("logferry_stream_dead_letters_total", 'reason="unreadable_chunk"'),
        "31m",
        'reason="unreadable_chunk"',
    ),
    Case(
        "LogferryDeadLetters",
        appears("logferry_sink_dead_letters_total", f'{SINK},reason="rejected_by_destination"'),
        "31m",
        f'{SINK},reason="rejected_by_destination"',
    ),
    Case("LogferryDeadLetters", flat("logferry_stream_dead_letters_total", 3, 'reason="unreadable_chunk"'), "60m"),
    Case(
        "LogferryRecordsUnmatched", rising("logferry_stream_dropped_records_total", 6, 'reason="unmatched"'), "61m", ""
    ),
    Case("LogferryRecordsUnmatched", rising("logferry_stream_dropped_records_total", 6, 'reason="severity"'), "90m"),
    Case("LogferryLiveRuleRefused", appears("logferry_stream_errors_total", 'pod="w1",kind="rule"'), "31m", 'pod="w1"'),
    Case("LogferryLiveRuleRefused", appears("logferry_stream_errors_total", 'pod="w1",kind="annotation"'), "31m"),
    Case(
        "LogferryLiveRulesDiffer",
        flat("logferry_stream_control_offset", 4, 'pod="w1"') | flat("logferry_stream_control_offset", 7, 'pod="w2"'),
        "11m",
        "",
    ),
    Case(
        "LogferryLiveRulesDiffer",
        flat("logferry_stream_control_offset", 7, 'pod="w1"') | flat("logferry_stream_control_offset", 7, 'pod="w2"'),
        "60m",
    ),
    Case(
        "LogferryStreamCannotCommit",
        rising("logferry_stream_errors_total", 1, 'pod="w1",kind="commit"'),
        "40m",
        'pod="w1"',
    ),
    Case("LogferryStreamCannotCommit", flat("logferry_stream_errors_total", 5, 'pod="w1",kind="commit"'), "60m"),
    Case("LogferrySinkAway", flat("up", 0, 'logferry_io_sink="search"'), "11m", SINK),
    Case("LogferrySinkAway", flat("up", 1, 'logferry_io_sink="search"'), "60m"),
    Case(
        "LogferrySinkFallsBehind",
        rising("logferry_sink_lag_seconds", 60, f'{SINK},topic="logs.app"'),
        "31m",
        f'{SINK},topic="logs.app"',
    ),
    Case("LogferrySinkFallsBehind", flat("logferry_sink_lag_seconds", 600, f'{SINK},topic="logs.app"'), "60m"),
    Case(
        "LogferrySinkLosesSoon",
        flat("logferry_sink_lag_seconds", 90000, f'{SINK},topic="logs.app"'),
        "16m",
        f'{SINK},topic="logs.app"',
    ),
    Case("LogferrySinkLosesSoon", flat("logferry_sink_lag_seconds", 80000, f'{SINK},topic="logs.app"'), "60m"),
    Case(
        "LogferrySinkLate",
        rising("logferry_sink_latency_seconds_bucket", 10, f'{SINK},le="120"')
        | rising("logferry_sink_latency_seconds_bucket", 100, f'{SINK},le="300"')
        | rising("logferry_sink_latency_seconds_bucket", 100, f'{SINK},le="+Inf"'),
        "31m",
        SINK,
    ),
    Case(
        "LogferrySinkLate",
        rising("logferry_sink_latency_seconds_bucket", 10, f'{SINK},le="120"')
        | rising("logferry_sink_latency_seconds_bucket", 100, f'{SINK},le="300"')
        | rising("logferry_sink_latency_seconds_bucket", 100, f'{SINK},le="+Inf"')
        | rising("logferry_sink_objects_total", 1, SINK),
        "60m",
    ),
    Case(
        "LogferrySinkRetries",
        rising("logferry_sink_retries_total", 2, f'{SINK},cause="status 429"'),
        "30m",
        f'{SINK},cause="status 429"',
    ),
    Case("LogferrySinkRetries", flat("logferry_sink_retries_total", 2, f'{SINK},cause="status 429"'), "60m"),
    Case(
        "LogferrySinkStalled",
        rising("logferry_sink_retries_total", 2, f'{SINK},cause="x"')
        | flat("logferry_sink_documents_total", 5, f'{SINK},outcome="indexed"'),
        "30m",
        SINK,
    ),
    Case(
        "LogferrySinkStalled",
        rising("logferry_sink_retries_total", 2, f'{SINK},cause="x"')
        | rising("logferry_sink_documents_total", 5, f'{SINK},outcome="indexed"'),
        "60m",
    ),
    Case("LogferrySinkNotPrepared", rising("logferry_sink_errors_total", 1, f'{SINK},kind="prepare"'), "21m", SINK),
    Case("LogferrySinkNotPrepared", flat("logferry_sink_errors_total", 1, f'{SINK},kind="prepare"'), "60m"),
    Case("LogferrySinkCannotCommit", rising("logferry_sink_errors_total", 1, f'{SINK},kind="commit"'), "40m", SINK),
    Case("LogferrySinkCannotCommit", flat("logferry_sink_errors_total", 1, f'{SINK},kind="commit"'), "60m"),
    Case("LogferryRetentionFails", appears("logferry_sink_errors_total", f'{SINK},kind="retention"'), "31m", SINK),
    Case("LogferryRetentionFails", appears("logferry_sink_errors_total", f'{SINK},kind="kafka"'), "31m"),
    Case(
        "LogferrySinkRefusedUnnamed",
        appears("logferry_sink_documents_total", f'{SINK},outcome="refused_unnamed"'),
        "31m",
        SINK,
    ),
    Case("LogferrySinkRefusedUnnamed", appears("logferry_sink_documents_total", f'{SINK},outcome="delivered"'), "31m"),
    Case(
        "LogferryFilesRunOut",
        flat("process_open_fds", 950, 'pod="p1"') | flat("process_max_fds", 1000, 'pod="p1"'),
        "16m",
        'pod="p1"',
    ),
    Case(
        "LogferryFilesRunOut",
        flat("process_open_fds", 50, 'pod="p1"') | flat("process_max_fds", 1000, 'pod="p1"'),
        "60m",
    ),
    Case(
        "LogferryVersionsDiffer",
        flat("logferry_build_info", 1, 'pod="a",version="1"') | flat("logferry_build_info", 1, 'pod="b",version="2"'),
        "61m",
        "",
    ),
    Case(
        "LogferryVersionsDiffer",
        flat("logferry_build_info", 1, 'pod="a",version="1"') | flat("logferry_build_info", 1, 'pod="b",version="1"'),
        "90m",
    ),
    Case("LogferryTargetDown", flat("up", 0, 'pod="p1"'), "11m", 'pod="p1"'),
    Case("LogferryTargetDown", flat("up", 1, 'pod="p1"'), "60m"),
)
