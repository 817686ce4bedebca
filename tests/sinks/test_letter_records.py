"""Dead letters as records: whole, with an id of their own that a second writing of the same letter repeats."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.identity import parse_record_id
from sinks.core.letter_records import ORIGINAL_MAX_CHARACTERS, record_of
from tests.schemas.examples import example

CODEC = Codec("log_record")


def letter(**changes: Any) -> dict[str, Any]:
    return {**example("dead_letter"), **changes}


def record(**changes: Any) -> dict[str, Any]:
    found = record_of(letter(**changes))
    assert found is not None
    return found


def test_a_letter_says_what_was_wrong_with_what_and_where_it_stood() -> None:
    found = record(
        stage="sink/search", reason="rejected_by_destination", message="no such type", topic="logs.app", partition=3,
        topic_offset=17, original=b"\xffgr\xc3\xbc\xc3\x9fe",
    )  # fmt: skip
    assert (found["body"], found["original"]) == ("rejected_by_destination: no such type", "\\xffgrüße")
    assert (found["resource"]["tag"], found["severity_number"]) == ("logferry.dead-letter", 17)
    told = json.loads(found["attributes"])
    assert (told["stage"], told["topic"], told["partition"], told["topic_offset"]) == ("sink/search", "logs.app", 3, 17)


def test_a_mark_of_redriving_is_no_record() -> None:
    assert record_of(letter(stage="redrive", reason="sent_again")) is None


def test_a_letter_that_is_written_again_later_is_the_same_record_at_the_same_time() -> None:
    first, second = record(topic_timestamp=5, failed_at=10), record(topic_timestamp=5, failed_at=20)
    assert (first["id"], first["timestamp"]) == (second["id"], second["timestamp"])


def test_letters_of_other_stages_places_and_offsets_are_other_records() -> None:
    changes: list[dict[str, Any]] = [
        {}, {"stage": "sink/x"}, {"topic": "logs.y"}, {"partition": 9}, {"topic_offset": 9}, {"offset": 9},
        {"incarnation": "0" * 16},
    ]  # fmt: skip
    assert len({record(**each)["id"] for each in changes}) == len(changes)


def test_a_long_original_ends_in_an_ellipsis() -> None:
    text = record(original=b"x" * 10_000_000)["original"]
    assert (len(text), text[-1]) == (ORIGINAL_MAX_CHARACTERS + 1, "…")


@given(
    st.builds(
        letter,
        original=st.binary(max_size=100),
        message=st.text(max_size=20),
        offset=st.none() | st.integers(0, 2**63 - 1),
        topic_timestamp=st.none() | st.integers(0, 2**62),
        incarnation=st.none() | st.just("0123456789abcdef"),
    )
)
def test_every_letter_is_a_record_that_its_schema_takes(value: dict[str, Any]) -> None:
    found = record_of(value)
    assert found is not None
    encoded = CODEC.encode(found)
    assert CODEC.decode(encoded) == found
    assert parse_record_id(found["id"]) == (bytes.fromhex(found["resource"]["incarnation"]), found["offset"])
