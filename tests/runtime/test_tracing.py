"""Which chunks are traced, how their records say so, and that nobody ever waits for a collector."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime import trace_export
from runtime.metrics import SPANS, Metrics
from runtime.trace_context import SpanRef, header_of
from runtime.traced_batch import TracedBatches
from runtime.traced_chunk import ChunkTraces, NoTraces, chunk_traces
from runtime.traced_send import traced_sends
from runtime.tracing import Span, Tracing, tracing_of
from schemas.errors import SettingsError
from schemas.settings import Settings, parse_settings
from tests.tools.trace_receiver import receiver

LIFE = bytes(range(8))


def settings_of(endpoint: str, more: str = "") -> Settings:
    return parse_settings(f"tracing: {{endpoint: '{endpoint}', {more}}}", "logferry.yaml", {"TOKEN": "abc"})


class Kept:
    """Keeps what has ended."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def take(self, span: Span) -> None:
        self.spans.append(span)

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    exporter = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    yield
    exporter.handlers.clear()
    exporter.propagate = True


# -- marking records -----------------------------------------------------------------------------------------------


class Work:
    """A chunk in a worker's hands."""

    def __init__(self, partition: int = 0) -> None:
        self.partition = partition
        self.lines = 7

    def account(self) -> dict[str, int]:
        return {"routed": 6, "dropped/severity": 1}


def test_of_a_batch_only_the_records_of_traced_chunks_are_marked() -> None:
    kept = Kept()
    traces = ChunkTraces(Tracing(kept, 1), "logs.raw", "group")
    traced, other = Work(), Work()
    traces.begin(traced, traces.take([header_of(SpanRef(5, 6))], 1, 2, 3, 4.0))
    traces.begin(other, traces.take([], 1, 3, 3, 4.0))
    values = [b"a", b"b", (b"c", [("id", b"1"), ("day", b"2")]), b"d"]
    told: list[str] = []
    marked, delivered = traces.mark("logs.app", values, [(other, 1), (traced, 2), (other, 1)], lambda: told.append("x"))
    delivered()
    traces.made(traced)
    traces.end(traced)
    traces.end(other)
    send, make, process = kept.spans
    header = header_of(send.ref)
    assert list(marked) == [b"a", (b"b", [header]), (b"c", [("id", b"1"), ("day", b"2"), header]), b"d"]
    assert (send.name, make.name, process.name) == ("send logs.app", "make records", "process logs.raw")
    assert send.parent == make.parent == process.ref
    assert (process.parent, process.ref.trace) == (SpanRef(5, 6), 5)
    assert send.attributes["messaging.batch.message_count"] == 2
    assert process.attributes["logferry.outcome.dropped/severity"] == 1
    assert told == ["x"]


def test_values_are_passed_on_as_they_are_where_nothing_is_traced() -> None:
    values, done = [b"a"], (lambda: None)
    for traces in (NoTraces(), ChunkTraces(Tracing(Kept(), 1), "t", "g")):
        assert traces.mark("t", values, [(Work(), 1)], done) == (values, done)
        assert traces.mark("t", values, [(Work(), 1)], done)[0] is values


def test_chunks_of_revoked_partitions_are_forgotten_and_those_that_never_end_are_few() -> None:
    traces = ChunkTraces(Tracing(Kept(), 1), "t", "g")
    for number in range(1500):
        traces.begin(Work(number % 2), traces.take([header_of(SpanRef(5, 6))], 0, 0, 0, 0.0))
    assert len(traces._begun) == 1000
    traces.revoke({0})
    assert {work.partition for work in traces._begun} == {1}


class Record:
    """What Kafka's client gives of a record."""

    def __init__(self, offset: int, *spans: SpanRef) -> None:
        self._offset = offset
        self._headers = [header_of(each) for each in spans]

    def headers(self) -> list[tuple[str, bytes]] | None:
        return self._headers or None

    def topic(self) -> str:
        return "logs.app"

    def offset(self) -> int:
        return self._offset


class Request:
    """What a sink sends together."""

    def __init__(self, *records: Any) -> None:
        self.records = list(records)
        self.opened_at = time.monotonic() - 2.0


def test_a_request_has_a_span_in_each_trace_that_links_to_the_others() -> None:
    kept = Kept()
    traces = TracedBatches(Tracing(kept, 1), "search", "elasticsearch", "group")
    first, second = SpanRef(1, 2), SpanRef(3, 4)
    request = Request(Record(0, first), Record(1), Record(2, second), Record(3, first))
    assert traces.following(lambda _: True)(request) is True
    process = {each.ref.trace: each for each in kept.spans if each.name == "process logs.app"}
    deliver = {each.ref.trace: each for each in kept.spans if each.name == "deliver elasticsearch"}
    assert process.keys() == deliver.keys() == {1, 3}
    assert (process[1].parent, process[1].links) == (first, [second])
    assert (process[3].parent, process[3].links) == (second, [first])
    assert deliver[1].parent == process[1].ref
    assert process[1].attributes["messaging.batch.message_count"] == 2
    assert deliver[1].attributes == {"logferry.request.records": 4}
    assert deliver[1].start - process[1].start == pytest.approx(2e9, rel=0.2)
    assert {each.error for each in kept.spans} == {""}


@pytest.mark.parametrize(("outcome", "error"), [(False, "the sink was asked to stop"), (OSError("gone"), "OSError")])
def test_a_request_that_is_given_up_says_so(outcome: Any, error: str) -> None:
    kept = Kept()
    traces = TracedBatches(Tracing(kept, 1), "search", "elasticsearch", "group")

    def deliver(_request: Any) -> bool:
        if isinstance(outcome, Exception):
            raise outcome
        return bool(outcome)

    following: Callable[[Any], bool] = traces.following(deliver)
    if isinstance(outcome, Exception):
        with pytest.raises(OSError, match="gone"):
            following(Request(Record(0, SpanRef(1, 2))))
    else:
        assert following(Request(Record(0, SpanRef(1, 2)))) is False
    assert [each.error.startswith(error) for each in kept.spans] == [True, True]


def test_what_waits_for_an_object_ends_when_all_of_it_is_written() -> None:
    kept = Kept()
    traces = TracedBatches(Tracing(kept, 1), "archive", "object_storage", "group")
    first, second, third = SpanRef(1, 2), SpanRef(3, 4), SpanRef(5, 6)
    here, there = ("logs.app", 0), ("logs.app", 1)
    records: Any = [Record(10, first), Record(11, second), Record(12, first)]
    traces.read(here, records)
    traces.read(there, [Record(0, third)])  # type: ignore[list-item]
    traces.written(here, 12)
    assert [each.parent for each in kept.spans] == [second]
    traces.forget({there})
    traces.written(there, None)
    traces.written(here, None)
    assert [each.parent for each in kept.spans] == [second, first]


# -- the way out ---------------------------------------------------------------------------------------------------


def test_nothing_is_traced_without_an_endpoint() -> None:
    settings, metrics = parse_settings("", "x", {}), Metrics("stream")
    assert tracing_of(settings, "stream", metrics) is None
    assert traced_sends(settings, metrics) is None
    assert type(chunk_traces(settings, "logs.raw", "group", metrics)) is NoTraces


def test_without_its_packages_tracing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "runtime.trace_export", None)
    with pytest.raises(SettingsError) as raised:
        tracing_of(settings_of("http://localhost:4318"), "stream", Metrics("stream"))
    assert "logferry[traces]" in str(raised.value)


def outcomes(metrics: Metrics) -> Counter[str]:
    samples = (each for family in metrics.registry.collect() for each in family.samples)
    return Counter({each.labels["outcome"]: int(each.value) for each in samples if each.name == SPANS})


def ended(tracing: Tracing, count: int) -> float:
    """Spans that begin and end; returns the seconds that took."""
    began = time.perf_counter()
    for number in range(count):
        tracing.root(number + 1, "read x", "internal", {}).finish()
    return time.perf_counter() - began


def test_spans_arrive_with_all_that_is_told_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "abc")
    with receiver() as collector:
        more = "headers: {authorization: {env: TOKEN}, x-tenant: shop}, resource: {deployment.environment.name: test}"
        metrics = Metrics("sink")
        tracing = tracing_of(settings_of(collector.url, more), "sink/search", metrics)
        assert tracing is not None
        root = tracing.root(5, "read files", "internal", {"logferry.lines": 3})
        child = tracing.child(root.ref, "send t", "producer", {"a": "b"}, links=[SpanRef(8, 9)])
        child.finish("refused")
        root.finish()
        root.finish()
        tracing.close()
        spans = {each.name: each for each in collector.spans}
        headers = collector.headers[0]
    assert len(collector.spans) == 2
    read, send = spans["read files"], spans["send t"]
    assert (read.service, read.kind, read.parent, read.attributes) == (
        "logferry-sink-search", "internal", "", {"logferry.lines": 3}
    )  # fmt: skip
    assert (send.kind, send.parent, send.trace, send.error) == ("producer", read.id, read.trace, "refused")
    assert send.links == ((f"{8:032x}", f"{9:016x}"),)
    assert (headers["authorization"], headers["x-tenant"]) == ("abc", "shop")
    assert outcomes(metrics) == {"exported": 2}


def test_a_collector_that_hangs_costs_memory_for_so_many_spans_and_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_export, "FLUSH_SECS", 0.5)
    with receiver(delay_secs=30.0) as collector:
        metrics = Metrics("stream")
        tracing = tracing_of(settings_of(collector.url, "timeout_secs: 30"), "stream", metrics)
        assert tracing is not None
        secs = ended(tracing, 5000)
        dropped = outcomes(metrics)["dropped"]
        began = time.monotonic()
        tracing.close()
        flushed = time.monotonic() - began
        found = outcomes(metrics)
    assert secs < 5
    assert dropped == 5000 - trace_export.QUEUE_MAX
    assert flushed < 3
    assert found["dropped"] == 5000
    assert found["exported"] == found["failed"] == 0


def test_failures_are_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with receiver(status=400) as collector:
        metrics = Metrics("stream")
        tracing = tracing_of(settings_of(collector.url), "stream", metrics)
        assert tracing is not None
        ended(tracing, 1500)
        tracing.close()
    found = outcomes(metrics)
    assert (found["failed"], found["exported"]) == (1500, 0)
    said = [record.getMessage() for record in caplog.records if record.name == "runtime.trace_export"]
    assert len(said) == 1
    assert collector.url in said[0]
    assert "400" in said[0]
    assert [record.name for record in caplog.records if record.name.startswith("opentelemetry")] == []


def test_a_producer_reads_all_it_needs_from_settings_that_were_handed_over(tmp_path: Path) -> None:
    from schemas.handed_over import hand_over, take_over

    with receiver() as collector:
        settings = take_over(hand_over(settings_of(collector.url, "sample_one_in: 1")))
        sends = traced_sends(settings, Metrics("producer"))
        assert sends is not None
        sends.close()
