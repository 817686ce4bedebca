"""Objects hold every record once, under names that a second attempt makes again."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Undecodable
from schemas.identity import object_folder
from sinks.consumer import offset_of
from sinks.core.manifest import Entry
from sinks.object_storage import parquet
from sinks.object_storage.avro_container import told_by
from sinks.object_storage.buffers import NO_NAMESPACE, ArchiveObject, Folder, namespace_of
from sinks.object_storage.told import entry_of
from tests.sinks.buffering import (
    KIND_OF_BUFFER,
    add,
    by_id,
    expected,
    filled,
    in_order,
    in_sequence,
    new,
    numbered,
    objects,
    rows,
)
from tests.sinks.records import CODEC, HOUR, NOON, Record, log_record, message, values


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@settings(max_examples=15)
@given(records=st.lists(values, min_size=1, max_size=12), at_once=st.integers(1, 12))
def test_every_record_stands_once_in_the_object_of_its_hour_and_namespace(kind, records, at_once):
    buffer = filled(kind, numbered(records), at_once=at_once)
    found = {each.entry.name.rpartition("/")[0]: by_id(rows(each)) for each in objects(buffer)}
    assert found == {folder: by_id(own) for folder, own in expected(records).items()}


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@settings(max_examples=15)
@given(records=st.lists(values, min_size=1, max_size=8), one=st.integers(1, 8), other=st.integers(1, 8))
def test_a_second_attempt_makes_the_same_names_with_the_same_records(kind, records, one, other):
    first, second = (objects(filled(kind, numbered(records), at_once=size)) for size in (one, other))
    assert {each.entry.name: rows(each) for each in first} == {each.entry.name: rows(each) for each in second}


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@settings(max_examples=15)
@given(records=st.lists(values, min_size=1, max_size=8), more=st.lists(values, max_size=4))
def test_a_second_attempt_that_read_further_has_all_that_the_first_wrote(kind, records, more):
    everything = in_sequence(records + more)
    first = {each.entry.name: in_order(each) for each in objects(filled(kind, everything[: len(records)]))}
    second = {each.entry.name: in_order(each) for each in objects(filled(kind, everything))}
    assert first.keys() <= second.keys()
    assert all(second[name][: len(found)] == found for name, found in first.items())


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@settings(max_examples=15)
@given(records=st.lists(values, min_size=2, max_size=8), cut=st.integers(1, 7))
def test_objects_of_one_attempt_never_overwrite_those_of_the_one_before_it(kind, records, cut):
    everything = numbered(records)
    parts = [part for part in (everything[:cut], everything[cut:]) if part]
    names = [each.entry.name for part in parts for each in objects(filled(kind, part))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@settings(max_examples=15)
@given(records=st.lists(values, min_size=1, max_size=12), chosen=st.data())
def test_folders_are_cut_one_by_one_and_the_others_stay(kind, records, chosen):
    everything = in_sequence(records)
    buffer, cut = new(kind), list[ArchiveObject]()
    for record in everything:
        assert add(buffer, [record]) == []
        keys = [each.key for each in buffer.open()]
        cut += buffer.cut(set(chosen.draw(st.lists(st.sampled_from(keys), unique=True))))
        done = {offset for each in cut for offset in in_order(each)}
        left = [offset_of(each) for each in everything if offset_of(each) <= record.number]  # type: ignore[arg-type]
        assert buffer.lowest() == min(set(left) - done, default=None)
    cut += objects(buffer)
    found = [offset for each in cut for offset in in_order(each)]
    assert sorted(found) == [each.number for each in everything]
    assert list(buffer.open()) == []


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@settings(max_examples=15)
@given(
    records=st.lists(values, min_size=1, max_size=12),
    at_once=st.integers(1, 12),
    spans=st.lists(st.tuples(st.integers(98, 125), st.integers(0, 8)), max_size=3),
)
def test_what_stands_in_an_object_is_not_written_again_and_objects_have_no_holes(kind, records, at_once, spans):
    everything = in_sequence(records)
    buffer = new(kind)
    folders = {Folder(r["timestamp"] // HOUR, r["resource"]["kubernetes"]["namespace"]) for r in records}
    for folder in folders:
        for first, length in spans:
            buffer.coverage.add(folder.hour_text, entry(folder.namespace, first, first + length), 0)
    for start in range(0, len(everything), at_once):
        add(buffer, everything[start : start + at_once])
    covered = {number for first, length in spans for number in range(first, first + length + 1)}
    cut = objects(buffer)
    assert sorted(offset for each in cut for offset in in_order(each)) == [
        each.number for each in everything if each.number not in covered
    ]
    for each in cut:
        assert not covered & set(range(each.entry.first_offset, each.entry.last_offset + 1)) & {
            record.number for record, value in zip(everything, records, strict=True)
            if each.entry.name.startswith(Folder(
                value["timestamp"] // HOUR, value["resource"]["kubernetes"]["namespace"]).path("logs.app") + "/")
        }  # fmt: skip


def entry(namespace: str, first: int, last: int, topic_id: str = "id") -> Entry:
    return Entry("name", 1, 1, first, last, "", "", 0, 0, namespace, "sha", topic_id)


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@pytest.mark.parametrize(("ours", "theirs"), [("id", "before"), ("", "")])
def test_offsets_of_another_life_of_the_topic_cover_nothing(kind, ours, theirs):
    buffer = new(kind, topic_id=ours)
    buffer.coverage.add("2026-11-21T12", entry("dev", 0, 1000, theirs), 0)
    add(buffer, numbered([log_record(1, timestamp=NOON)]))
    assert [each.entry.records for each in objects(buffer)] == [1]


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
def test_an_object_is_named_by_the_offset_of_its_own_first_record(kind):
    records = [log_record(1, timestamp=NOON), log_record(2, timestamp=NOON + HOUR), log_record(3, timestamp=NOON)]
    found = sorted(each.entry.name for each in objects(filled(kind, numbered(records))))
    assert found == [
        f"logs.app/dt=2026-11-21/hour=12/dev/3-00000000000000000100.{kind}",
        f"logs.app/dt=2026-11-21/hour=13/dev/3-00000000000000000102.{kind}",
    ]


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@settings(max_examples=15)
@given(records=st.lists(values, min_size=1, max_size=12))
def test_the_manifest_and_the_object_itself_say_the_truth_of_it(kind, records):
    everything = in_sequence(records)
    for each in objects(filled(kind, everything)):
        found = rows(each)
        told = each.entry
        assert entry_of(TOLD_BY[kind](each.body), told.name, each.body) == told
        assert (told.records, told.bytes) == (len(found), len(each.body))
        assert (told.first_offset, told.last_offset) == (in_order(each)[0], in_order(each)[-1])
        assert (told.first_id, told.last_id) == (min(r["id"] for r in found), max(r["id"] for r in found))
        assert told.sha256 == hashlib.sha256(each.body).hexdigest()
        own = [r["timestamp"] for r in records if r["id"] in {row["id"] for row in found}]
        assert told.first_timestamp in own
        assert told.last_timestamp in own
        assert (told.namespace, told.topic_id) == (told.name.split("/")[3], "id")


TOLD_BY = {"parquet": parquet.told_by, "avro": told_by}


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@settings(max_examples=15)
@given(data=st.binary(max_size=50))
def test_bytes_that_are_no_object_say_nothing(kind, data):
    assert TOLD_BY[kind](data) is None
    assert TOLD_BY[kind](b"Obj\x01" + data) is None


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
def test_what_cannot_be_read_comes_back_and_its_neighbours_stay(kind):
    buffer = new(kind)
    good = message(5, log_record(1))
    bad = [Record(6, b"key", b"nonsense"), Record(7, b"key", None), Record(8, b"", CODEC.header + b"\xff")]
    rejected = add(buffer, [good, *bad, message(9, log_record(2))])
    assert sorted(offset_of(record) for record, _ in rejected) == [6, 7, 8]
    assert all(isinstance(problem, Undecodable) for _, problem in rejected)
    assert [each.entry.records for each in objects(buffer)] == [2]


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
def test_nothing_readable_makes_no_object(kind):
    buffer = new(kind)
    add(buffer, [Record(6, b"key", b"nonsense")])
    assert objects(buffer) == []
    assert buffer.lowest() is None


@pytest.mark.parametrize(
    ("namespace", "folder"),
    [("shop", "shop"), ("", NO_NAMESPACE), ("a/b", "a-b"), ("..", "-.."), ("_manifest", "-_manifest"), ("ä", "-")],
)
def test_a_namespace_is_one_folder_whatever_it_is(namespace, folder):
    assert namespace_of({"namespace": namespace}) == folder


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@pytest.mark.parametrize("timestamp", [-1, -(2**63), 2**63 - 1, 0])
def test_any_timestamp_has_its_hour(kind, timestamp):
    (found,) = objects(filled(kind, numbered([log_record(1, timestamp=timestamp)])))
    assert found.entry.name.startswith(object_folder("logs.app", timestamp, "dev") + "/")
    assert f"logs.app/dt={found.hour.replace('T', '/hour=')}/" in found.entry.name
