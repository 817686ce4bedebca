"""One sink reads records in Avro and documents at once; each value says what it is."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.document import DocumentWriter, day_of, shared_part
from sinks.destination import Built
from sinks.elasticsearch.document import LineBuilder
from tests.sinks.records import CODEC, Record, log_record

Headers = list[tuple[str, bytes]]


class WithHeaders(Record):
    """A record with headers."""

    told: Headers | None = None

    def headers(self) -> Headers | None:
        return self.told


def record(number: int, value: bytes | None, headers: Headers | None = None, topic: str = "logs.app") -> WithHeaders:
    found = WithHeaders(number, b"key", value, topic)
    found.told = headers
    return found


def in_avro(number: int, topic: str = "logs.app") -> WithHeaders:
    return record(number, CODEC.encode(log_record(number)), topic=topic)


def in_json(number: int, topic: str = "logs.documents") -> WithHeaders:
    value = log_record(number)
    headers = [("id", value["id"].encode()), ("day", day_of(value["timestamp"]))]
    return record(number, DocumentWriter().document(value, shared_part(value["resource"])), headers, topic)


def build(*records: WithHeaders) -> Built[bytes]:
    builder = LineBuilder("logstash-%Y.%m.%d", lambda topic: topic == "logs.documents")
    return builder.build(cast("Any", records))


@given(st.lists(st.booleans(), max_size=20))
def test_records_and_documents_in_any_mixture_become_the_same_lines(kinds):
    records = [in_avro(number) if avro else in_json(number) for number, avro in enumerate(kinds)]
    found = build(*records)
    assert found.rejected == []
    ids = [log_record(cast("Any", each).number)["id"].encode() for each in found.records]
    assert [f'"_id":"{id_.decode()}"'.encode() in line for id_, line in zip(ids, found.pieces, strict=True)] == [
        True for _ in kinds
    ]
    assert sorted(found.pieces) == sorted(
        line for number in range(len(kinds)) for line in build(in_avro(number)).pieces
    )


def test_a_topic_whose_route_changed_its_format_is_read_on_from_before_to_after():
    found = build(in_avro(1, "logs.documents"), in_json(2), in_json(3, "logs.app"), in_avro(4))
    assert (len(found.pieces), found.rejected) == (4, [])


@pytest.mark.parametrize(
    ("bad", "reason", "told"),
    [
        (record(9, b"[1]", topic="logs.documents"), "malformed_value", "not one JSON object"),
        (record(9, None, topic="logs.documents"), "malformed_value", "not one JSON object"),
        (record(9, b"[1]"), "unknown_schema", "5b315d"),
        (record(9, b"{}"), "no_identity", "header id is missing"),
        (record(9, b"{}", topic="logs.documents"), "no_identity", "header id is missing"),
        (record(9, b'{"a":\n1}', in_json(9).told, "logs.documents"), "malformed_value", "several lines"),
        (record(9, (in_avro(9).value() or b"")[:-4]), "malformed_value", "log_record"),
    ],
)
@pytest.mark.parametrize("others", [[], [in_avro(1)], [in_json(1)], [in_avro(1), in_json(2), in_avro(3)]])
def test_a_value_that_cannot_be_read_is_set_aside_and_the_others_are_not(bad, reason, told, others):
    found = build(*others[:1], bad, *others[1:])
    assert [(each.offset(), problem.reason) for each, problem in found.rejected] == [(9, reason)]
    assert told in found.rejected[0][1].message
    assert sorted(cast("Any", each).number for each in found.records) == sorted(each.number for each in others)
    assert len(found.pieces) == len(others)


def test_dead_letters_are_records_of_their_own_and_marks_of_redriving_are_nothing():
    letters = Codec("dead_letter")
    letter = {
        "stage": "sink/search",
        "reason": "rejected_by_destination",
        "message": "it is too odd",
        "topic": "logs.app",
        "partition": 3,
        "topic_offset": 7,
        "failed_at": 1795262400_000000000,
        "original": b"odd",
    }
    mark = {**letter, "stage": "redrive"}
    found = build(*(record(number, letters.encode(each)) for number, each in enumerate([letter, mark])), in_avro(5))
    assert found.rejected == []
    assert [cast("Any", each).number for each in found.records] == [0, 5]
    assert b'"tag":"logferry.dead-letter"' in found.pieces[0]
