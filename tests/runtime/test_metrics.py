"""Metrics are those of schemas.metrics, each is told by somebody, and what cannot be found out keeps no other away."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from runtime.metrics import Metrics
from schemas.metrics import METRICS, unit_of
from tests.tools import metrics_doc

ROOT = Path(__file__).parents[2]
CODE = "\n".join(
    path.read_text()
    for folder in ("producers", "streams", "sinks", "runtime")
    for path in (ROOT / folder).rglob("*.py")
)


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    text = generate_latest(metrics.registry).decode()
    return {
        (each.name, *each.labels.values()): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def is_told(name: str) -> bool:
    """Whether code names a metric, as a whole or by the part that is put into an f-string."""
    if re.search(rf"\b{name}\b", CODE):
        return True
    made = [re.escape(each).replace(r"\{", "{") for each in set(re.findall(r"logferry_[\w{}.]*\{[\w{}.]*", CODE))]
    parts = [match for each in made if (match := re.fullmatch(re.sub(r"\{[^}]*\}", "(.+)", each), name))]
    return any(re.search(rf'"{part[1]}"', CODE) for part in parts)


@pytest.mark.parametrize("name", METRICS)
def test_each_metric_is_told_by_some_stage(name: str) -> None:
    assert is_told(name)


def test_a_metric_that_nobody_tells_is_found() -> None:
    assert is_told("logferry_producer_lost_bytes_total")
    assert not is_told("logferry_producer_lost_letters_total")
    assert not is_told("logferry_stream_sighs_total")


@pytest.mark.parametrize("name", METRICS)
def test_names_are_as_prometheus_wants_them(name: str) -> None:
    metric = METRICS[name]
    assert re.fullmatch(r"logferry_(build|producer|pods|stream|sink|tracing)(_[a-z]+)+", name)
    assert name.endswith("_total") == (metric.kind == "counter")
    assert (metric.kind == "histogram") == bool(metric.buckets)
    assert metric.meaning.endswith(".")
    assert list(metric.buckets) == sorted(set(metric.buckets))


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("logferry_sink_lag_seconds", "seconds"),
        ("logferry_sink_object_bytes_total", "bytes"),
        ("logferry_pods_alive_timestamp_seconds", "seconds since 1970"),
        ("logferry_stream_lag_records", "number"),
    ],
)
def test_a_name_says_its_unit(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_the_page_of_all_metrics_is_up_to_date() -> None:
    """`python -m tests.tools.metrics_doc` writes it."""
    assert metrics_doc.SECTION.read().strip() == metrics_doc.tables().strip()
    assert {name for name in METRICS if f"| `{name}" not in metrics_doc.tables()} == set()


def test_each_process_says_its_version_and_what_it_takes() -> None:
    found = samples(Metrics("pods"))
    assert found["logferry_build_info", version("logferry")] == 1
    assert found["process_resident_memory_bytes",] > 1e6
    assert {"process_cpu_seconds_total", "process_open_fds", "process_start_time_seconds"} <= {
        name for name, *_ in found
    }


def test_what_is_asked_for_is_found_out_then() -> None:
    metrics, now = Metrics("sink"), {("search", "logs.app"): 3.0}
    metrics.ask("logferry_sink_lag_records", lambda: now)
    metrics.ask("logferry_sink_held_up_seconds_total", lambda: {("search",): 1.5})
    assert samples(metrics)["logferry_sink_lag_records", "search", "logs.app"] == 3
    now[("search", "logs.app")] = 4.0
    assert samples(metrics)["logferry_sink_lag_records", "search", "logs.app"] == 4
    assert samples(metrics)["logferry_sink_held_up_seconds_total", "search"] == 1.5
    now.clear()
    assert ("logferry_sink_lag_records", "search", "logs.app") not in samples(metrics)


def test_what_cannot_be_found_out_is_left_out_alone() -> None:
    metrics = Metrics("producer")
    metrics.ask("logferry_producer_pending_bytes", lambda: 1 // 0)
    metrics.set("logferry_producer_sources", 7)
    found = samples(metrics)
    assert ("logferry_producer_pending_bytes",) not in found
    assert found["logferry_producer_sources",] == 7


def test_a_histogram_has_the_buckets_that_its_definition_has() -> None:
    metrics = Metrics("stream")
    metrics.observe("logferry_stream_latency_seconds", 0.3)
    metrics.observe("logferry_stream_latency_seconds", 400)
    found = samples(metrics)
    assert found["logferry_stream_latency_seconds_bucket", "0.25"] == 0
    assert found["logferry_stream_latency_seconds_bucket", "0.5"] == 1
    assert found["logferry_stream_latency_seconds_bucket", "+Inf"] == 2
    assert found["logferry_stream_latency_seconds_sum",] == 400.3
