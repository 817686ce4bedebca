"""What a record of the dead-letter topic is, and which bytes of which file it is about."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from deploy.dead_letters.core.letter import UNREADABLE, Letter, Mark, mark_of, read_found
from deploy.dead_letters.core.origin import Origin, Origins
from schemas.document import DocumentWriter, shared_part
from schemas.identity import INCOMPLETE, record_id
from tests.deploy.dead_letters.letters import CODEC, of_sink, of_stream
from tests.schemas.examples import example
from tests.sinks.records import CODEC as RECORDS
from tests.sinks.records import RAW, log_record

LIFE = b"lifelife"


@given(st.binary(max_size=200))
def test_a_record_that_is_no_letter_is_listed_with_its_bytes(value: bytes) -> None:
    found = read_found(CODEC, 3, 7, 99, b"key", value)
    assert isinstance(found, Letter)
    assert (found.place, found.original, found.fields["reason"], found.is_readable) == ("3:7", value, UNREADABLE, False)
    assert found.fields["failed_at"] == 99


@given(st.sets(st.integers(0, 2**40), min_size=1, max_size=50))
def test_a_mark_covers_the_letters_that_it_was_made_for(offsets: set[int]) -> None:
    value = CODEC.encode(mark_of("logs.dead-letter", 3, list(offsets), 99))
    assert read_found(CODEC, 3, 7, 99, b"", value) == Mark(3, frozenset(offsets))


@given(st.binary(max_size=50) | st.sampled_from([b"{}", b'["a"]', b"1", b"[[]]"]))
def test_a_mark_that_nobody_can_read_covers_nothing(original: bytes) -> None:
    value = CODEC.encode({**mark_of("logs.dead-letter", 3, [1], 99), "original": original})
    found = read_found(CODEC, 3, 7, 99, b"", value)
    assert isinstance(found, Mark)
    assert not found.offsets or all(isinstance(each, int) for each in found.offsets)


def test_a_letter_of_streams_tells_its_origin() -> None:
    found = Origins().of(of_stream())
    assert (found.source_id, found.incarnation, found.position) == (
        "5b3c1d9e00aa4f12",
        bytes.fromhex("8f14e45fceea167a"),
        4711,
    )


def test_the_origin_of_a_refused_record_is_read_from_it() -> None:
    record = log_record(5) | {"id": record_id(LIFE, 5 | INCOMPLETE), "flags": ["incomplete"]}
    found = Origins().of(of_sink(RECORDS.encode(record)))
    assert (found.id, found.incarnation, found.position) == (record["id"], LIFE, 5)
    assert (found.observed, found.namespace) == (record["observed_timestamp"], "dev")
    assert found.document["message"] == record["body"]


def test_a_document_is_known_by_its_headers() -> None:
    headers = {"id": record_id(LIFE, 9).encode(), "day": b"2026-11-21"}
    found = Origins().of(of_sink(b'{"message":', headers=headers))
    assert (found.id, found.day, found.document) == (headers["id"].decode(), "2026-11-21", {})


def test_a_document_without_headers_is_known_by_its_words() -> None:
    record = log_record(5, timestamp=1795222923_000000004) | {"flags": ["incomplete"]}
    resource = {**record["resource"], "incarnation": LIFE.hex()}
    value = DocumentWriter().document(record, shared_part(resource))
    found = Origins().of(of_sink(value))
    assert (found.id, found.day) == (record_id(LIFE, 5 | INCOMPLETE), "2026-11-21")
    assert found.observed is not None
    assert abs(found.observed - record["observed_timestamp"]) < 1_000_000_000


def test_a_refused_chunk_tells_its_own() -> None:
    chunk = example("raw_chunk")
    found = Origins().of(of_sink(RAW.encode(chunk), topic="logs.raw"))
    assert (found.incarnation, found.position) == (chunk["incarnation"], chunk["offset"])


documents = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.dictionaries(st.sampled_from(["logferry", "kubernetes", "offset", "incarnation", "flags"]), inner),
    max_leaves=8,
)


@given(st.binary(max_size=60) | documents.map(lambda each: json.dumps(each).encode()))
def test_nothing_that_a_sink_refused_breaks_the_search_for_its_origin(original: bytes) -> None:
    assert isinstance(Origins().of(of_sink(original, headers={"id": original[:19]})), Origin)
