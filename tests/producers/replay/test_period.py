"""Which chunks and objects a replay is about follows from times, tags and names alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.replay.objects import RawObject, hour_folder, is_manifest, listed_in, object_of, with_manifests
from producers.core.replay.period import HOUR, Period, Wanted, namespaces_of
from schemas.identity import object_folder, object_name
from schemas.patterns import compile_patterns
from schemas.replay import mark_of

TIMES = st.integers(0, 2**61)


@given(TIMES, st.integers(1, HOUR), st.integers(0, HOUR), TIMES)
def test_a_chunk_is_wanted_context_or_nothing_by_its_time(since: int, size: int, context: int, at: int) -> None:
    role = Period(since, since + size, context).role_of(at)
    inside = since <= at < since + size
    near = since - context <= at < since + size + context
    assert role == ("record" if inside else "context" if near else None)


@given(TIMES, st.integers(1, 5 * HOUR), st.integers(0, HOUR))
def test_the_hours_of_a_period_are_those_of_its_chunks(since: int, size: int, context: int) -> None:
    period = Period(since, since + size, context)
    assert period.hours() == range(period.begin // HOUR, (period.end - 1) // HOUR + 1)


def test_tags_that_do_not_match_are_no_context_either() -> None:
    wanted = Wanted(Period(10, 20, 5), compile_patterns("kube.shop.** replay"))
    chunk = {**mark_of("s"), "observed_timestamp": 12}
    other = {**chunk, "source": {**chunk["source"], "tag": "kube.dev.a.b"}}
    assert (wanted.role_of(chunk), wanted.role_of(other)) == ("record", None)


@pytest.mark.parametrize(
    ("patterns", "folders"),
    [
        ("kube.shop.**", {"shop", "_none"}),
        ("kube.shop.cart-*.app kube.dev.**", {"shop", "dev", "_none"}),
        ("**", None),
        ("kube.*.app.**", None),
        ("kube.{a,b}.**", None),
        ("kube.shop**", None),
        ("kube.shop.** host.*", None),
    ],
)
def test_folders_follow_from_patterns_where_they_can(patterns: str, folders: set[str] | None) -> None:
    assert namespaces_of(patterns) == folders


def test_names_are_read_as_they_are_written() -> None:
    moment = int(datetime(2026, 11, 21, 13, 5, tzinfo=UTC).timestamp()) * 10**9
    name = object_name(object_folder("logs.raw", moment, "shop"), 3, 100, "avro")
    assert name.startswith(f"{hour_folder('logs.raw', moment // HOUR)}/")
    assert object_of(name, 7, moment // HOUR) == RawObject(name, 7, moment // HOUR, "shop", 3, 100)
    compacted = name.replace(".avro", "-00000000000000000900.avro")
    found = object_of(compacted, 7, moment // HOUR)
    assert found is not None
    assert (found.first_offset, is_manifest(name)) == (100, False)
    others = ["logs.raw/dt=2026-11-21/hour=13/_manifest/3.json", name.replace(".avro", ".parquet"), "x"]
    assert [object_of(each, 1, 0) for each in others] == [None] * 3
    assert is_manifest(others[0])


def test_manifests_tell_times_and_what_is_missing() -> None:
    here = [RawObject("b", 1, 5, "shop", 1, 200), RawObject("a", 1, 5, "shop", 1, 100)]
    entries = [{"name": "a", "first_timestamp": 10, "last_timestamp": 20}, {"name": "gone"}]
    found, missing = with_manifests(here, entries)
    assert ([each.name for each in found], missing) == (["a", "b"], ["gone"])
    assert [each.may_have(Period(21, 30, 0)) for each in found] == [False, True]
    assert [each.may_have(Period(20, 30, 0)) for each in found] == [True, True]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"objects": [1]}', b'{"objects": [{}]}'])
def test_a_manifest_that_cannot_be_read_says_nothing(text: bytes) -> None:
    assert listed_in(text) is None
