"""Manifests lose nothing, whoever writes them in whatever order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import object_folder
from sinks.core.manifest import (
    Entry,
    Manifest,
    Unreadable,
    hour_folder,
    hour_of,
    manifest_name,
    merged,
    read,
    without,
    write,
)
from tests.sinks.records import NOON

EMPTY = Manifest("logs.app", "2026-11-21T12", 3)


def entry(first: int, last: int, namespace: str = "dev", **changes: Any) -> Entry:
    name = f"logs.app/dt=2026-11-21/hour=12/{namespace}/3-{first:020d}.parquet"
    fields = {
        "name": name, "bytes": 10 * (last - first + 1), "records": last - first + 1, "first_offset": first,
        "last_offset": last, "first_id": "a", "last_id": "b", "first_timestamp": NOON, "last_timestamp": NOON + last,
        "namespace": namespace, "sha256": f"{first}-{last}", "topic_id": "t",
    }  # fmt: skip
    return Entry(**(fields | changes))


def compacted(*spans: tuple[int, int], namespace: str = "dev") -> Entry:
    first, last = spans[0][0], spans[-1][1]
    return entry(first, last, namespace, name=f"{namespace}/3-{first:020d}-{last:020d}.parquet", replaces=spans)


entries = st.builds(
    lambda first, length, namespace: entry(first, first + length, namespace),
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from(["dev", "test"]),
)


@given(st.lists(entries, max_size=6))
def test_what_was_written_is_read_again(some):
    manifest = merged(EMPTY, [*some, compacted((90, 93), (94, 99))])
    assert read(write(manifest)) == manifest


@given(st.lists(entries | st.builds(compacted, st.just((0, 4))), max_size=5), st.randoms())
def test_the_order_in_which_entries_come_changes_nothing(some, random):
    shuffled = random.sample(some, len(some))
    one_by_one = EMPTY
    for each in shuffled:
        one_by_one = merged(one_by_one, [each])
    assert one_by_one == merged(EMPTY, some) == merged(merged(EMPTY, some), some)


def test_of_one_name_the_entry_that_reaches_farther_counts():
    long, late = entry(100, 300), entry(100, 200)
    for order in permutations([long, late]):
        assert merged(EMPTY, order).objects == (long,)


def test_a_compacted_object_takes_the_place_of_those_it_replaces_and_a_late_writer_does_not_bring_them_back():
    small = [entry(100, 200), entry(201, 300)]
    others = [entry(301, 400), entry(100, 300, "test")]
    whole = compacted((100, 200), (201, 300))
    manifest = merged(merged(EMPTY, [*small, *others]), [whole])
    assert set(manifest.objects) == {whole, *others}
    assert merged(manifest, [small[0], entry(100, 150)]) == manifest


def test_what_reaches_farther_than_the_compacted_object_stays():
    whole = compacted((100, 200))
    assert set(merged(EMPTY, [whole, entry(100, 201)]).objects) == {whole, entry(100, 201)}


def test_a_compacted_object_is_replaced_by_one_of_more():
    first, second = compacted((100, 200), (201, 300)), compacted((100, 200), (201, 300), (301, 400))
    assert merged(EMPTY, [first, second]).objects == (second,)


def test_offsets_of_a_topic_that_was_made_anew_are_other_records():
    old, whole = entry(100, 200, topic_id="before", name="old"), compacted((100, 200))
    assert set(merged(EMPTY, [old, whole]).objects) == {old, whole}


def test_what_was_deleted_is_left_out():
    manifest = merged(EMPTY, [entry(1, 2), entry(3, 4)])
    assert without(manifest, [entry(1, 2).name]).objects == (entry(3, 4),)


def test_sums_are_those_of_the_objects():
    value = orjson.loads(write(merged(EMPTY, [entry(1, 2), entry(3, 7)])))
    assert (value["records"], value["bytes"]) == (7, 70)
    assert value["version"] == 1


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_manifest_lies_in_the_hour_of_its_objects(timestamp):
    assert hour_folder("logs.app", hour_of(timestamp)) == object_folder("logs.app", timestamp, "x").rpartition("/")[0]


def test_a_manifest_has_a_folder_of_its_own():
    assert manifest_name("logs.app", "2026-11-21T12", 3) == "logs.app/dt=2026-11-21/hour=12/_manifest/3.json"


GOOD = orjson.loads(write(merged(EMPTY, [entry(1, 2)])))
BAD = {
    "no JSON": b"{",
    "a list": b"[]",
    "another version": orjson.dumps(GOOD | {"version": 2}),
    "no objects": orjson.dumps({name: GOOD[name] for name in GOOD if name != "objects"}),
    "partition as text": orjson.dumps(GOOD | {"partition": "3"}),
    "an object of nothing": orjson.dumps(GOOD | {"objects": [{}]}),
    "an object as text": orjson.dumps(GOOD | {"objects": ["a"]}),
    "offset as text": orjson.dumps(GOOD | {"objects": [GOOD["objects"][0] | {"first_offset": "1"}]}),
    "spans of one": orjson.dumps(GOOD | {"objects": [GOOD["objects"][0] | {"replaces": [[1]]}]}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_manifest_is_said_to_be_none(name):
    assert isinstance(read(BAD[name]), Unreadable)


@given(st.binary())
def test_any_bytes_are_a_manifest_or_none(data):
    assert isinstance(read(data), Manifest | Unreadable)


def test_members_of_a_later_version_are_passed_over():
    found = read(orjson.dumps(GOOD | {"more": 1, "objects": [GOOD["objects"][0] | {"more": 1}]}))
    assert found == merged(EMPTY, [entry(1, 2)])
