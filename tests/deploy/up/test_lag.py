"""Lag is what lies between a group's positions and the ends of its partitions."""

from __future__ import annotations

from deploy.up.lag import groups_of, lag, meant
from schemas.settings import parse_settings

A, B, C = ("t", 0), ("t", 1), ("t", 2)


def test_lag_is_summed_over_partitions() -> None:
    assert lag({A: (0, 10), B: (0, 5)}, {A: 4, B: 5}) == 6


def test_without_a_position_everything_that_is_there_waits() -> None:
    assert lag({A: (7, 10), B: (0, 5)}, {}) == 8


def test_records_that_retention_took_away_wait_no_more() -> None:
    assert lag({C: (90, 100)}, {C: 10}) == 10


def test_a_position_beyond_the_end_is_no_lag() -> None:
    assert lag({A: (0, 3)}, {A: 9}) == 0


def test_patterns_mean_all_topics_that_there_are_and_names_only_themselves() -> None:
    known = ["logs.ns.b", "logs.ns.a", "logs.app", "logsxns.a"]
    assert meant(["logs.app", "logs.ns.*", "logs.ns.a", "logs.gone"], known) == ["logs.app", "logs.ns.a", "logs.ns.b"]


def test_every_stage_with_a_group_is_asked_about() -> None:
    settings = parse_settings(
        "sinks: {search: {type: elasticsearch, topics: [logs.app]},"
        " raw: {type: object_storage, topics: [logs.raw], url: 'file:///x', group: mine}}",
        "x",
        {},
    )
    assert groups_of(settings) == {
        "stream": ("logferry-stream", ("logs.raw",)),
        "sink search": ("logferry-sink-search", ("logs.app",)),
        "sink raw": ("mine", ("logs.raw",)),
    }
