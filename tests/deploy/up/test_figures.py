"""Totals stay right while processes come and go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from deploy.up.figures import Figures, Rate, Sample, parse_metrics
from deploy.up.picture import totals_of
from runtime.metrics import Metrics

LINES: Sample = ("logferry_producer_read_lines_total", ())
BACKLOG: Sample = ("logferry_producer_backlog_bytes", ())


def test_what_the_endpoint_says_is_read_by_name_and_labels() -> None:
    metrics = Metrics("sink")
    metrics.count("logferry_sink_documents_total", 3, "search", "indexed")
    samples = parse_metrics(generate_latest(metrics.registry).decode())
    assert samples["logferry_sink_documents_total", ("search", "indexed")] == 3


@pytest.mark.parametrize("text", ["", "<html>", "logferry_producer_read_lines_total", 'a{b="c', "other_total 3\n"])
def test_text_that_is_none_gives_nothing(text: str) -> None:
    assert parse_metrics(text) == {}


def test_counters_of_ended_processes_are_added_up() -> None:
    figures = Figures()
    figures.take("produce", 0, {LINES: 10})
    figures.end("produce", 0, {LINES: 12})
    figures.take("produce", 1, {LINES: 5})
    assert figures.total(LINES[0]) == 17


def test_a_killed_process_counts_with_its_last_answer() -> None:
    figures = Figures()
    figures.take("produce", 0, {LINES: 10})
    figures.end("produce", 0, {})
    assert figures.total(LINES[0]) == 10


def test_an_answer_that_comes_after_the_end_is_left_out() -> None:
    figures = Figures()
    figures.end("produce", 0, {LINES: 12})
    figures.take("produce", 0, {LINES: 11})
    assert figures.total(LINES[0]) == 12


def test_a_counter_that_begins_again_within_a_run_is_added_up() -> None:
    figures = Figures()
    figures.take("produce", 0, {LINES: 10})
    figures.take("produce", 0, {LINES: 3})
    assert figures.total(LINES[0]) == 13


def test_gauges_are_not_added_up_and_survive_the_end() -> None:
    figures = Figures()
    figures.take("produce", 0, {BACKLOG: 10})
    figures.end("produce", 0, {BACKLOG: 8})
    assert figures.total(BACKLOG[0]) == 8
    figures.take("produce", 1, {BACKLOG: 2})
    assert figures.total(BACKLOG[0]) == 2


def test_totals_are_split_as_the_summary_says() -> None:
    figures = Figures()
    figures.take(
        "stream",
        0,
        {
            ("logferry_stream_records_total", ("logs.app",)): 3,
            ("logferry_stream_dropped_records_total", ("below_minimum",)): 2,
            ("logferry_stream_dead_letters_total", ("bad_cri",)): 1,
        },
    )
    figures.take("sink a", 0, {("logferry_sink_dead_letters_total", ("a", "bad_cri")): 1})
    figures.take("sink b", 0, {("logferry_sink_dead_letters_total", ("b", "rejected")): 4})
    totals = totals_of(figures)
    assert (totals.routed, totals.dropped) == ({"logs.app": 3}, {"below_minimum": 2})
    assert totals.dead_lettered == {"bad_cri": 2, "rejected": 4}


@given(st.lists(st.lists(st.integers(0, 100), min_size=1, max_size=5), min_size=1, max_size=5))
def test_the_total_is_the_sum_of_the_last_answers(runs: list[list[int]]) -> None:
    figures = Figures()
    for number, steps in enumerate(runs):
        value = 0
        for step in steps:
            value += step
            figures.take("produce", number, {LINES: value})
        figures.end("produce", number, {})
    assert figures.total(LINES[0]) == sum(map(sum, runs))


def test_a_rate_is_taken_over_the_last_seconds() -> None:
    rate = Rate(window_secs=5)
    assert [rate.add(second, 100 * second) for second in (0, 1, 2, 10)] == [0, 100, 100, 100]
    assert rate.add(20, 1000) == 0


def test_a_total_that_falls_gives_no_negative_rate() -> None:
    rate = Rate()
    rate.add(0, 10)
    assert rate.add(1, 0) == 0
