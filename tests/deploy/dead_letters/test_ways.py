"""By which way a letter goes again, and which of a chunk's records it is about."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.dead_letters.again import Made, Sorted
from deploy.dead_letters.core.origin import Origin, Origins
from deploy.dead_letters.core.ways import (
    PART,
    Want,
    headers_again,
    holds,
    rebuilt_chunk,
    want_of_chunk,
    want_of_record,
)
from schemas.identity import record_id
from tests.deploy.dead_letters.letters import of_sink, of_stream
from tests.schemas.examples import example
from tests.sinks.records import CODEC, log_record

LIFE = b"lifelife"
OTHER = b"otherone"


def chunk(
    framing: str = "cri", offset: int = 100, payload: bytes = b"one\ntwo\nthree\n", **more: Any
) -> dict[str, Any]:
    found = example("raw_chunk")
    source = {**found["source"], "framing": framing}
    return {**found, "source": source, "incarnation": LIFE, "offset": offset, "payload": payload, **more}


def about(position: int, **changes: Any) -> Any:
    return of_stream(incarnation=LIFE.hex(), offset=position, **changes)


def positions(want: Want, life: bytes = LIFE) -> list[int]:
    return [each for each in range(95, 120) if want.takes(life, each)]


def test_a_line_wants_the_records_that_begin_in_its_bytes() -> None:
    letter = about(104, original=b"two")
    want = want_of_chunk(letter, Origins().of(letter), chunk())
    assert (positions(want), positions(want, OTHER)) == ([104, 105, 106], [])


def test_of_a_redacted_line_the_chunk_knows_the_length() -> None:
    letter = about(108, original=b"[a long replacement]", redacted=True)
    assert positions(want_of_chunk(letter, Origins().of(letter), chunk())) == [108, 109, 110, 111, 112]


def test_an_entry_with_a_number_wants_its_parts_too() -> None:
    letter = about(104, original=b"two and more")
    want = want_of_chunk(letter, Origins().of(letter), chunk("journald"))
    assert positions(want) == [104]
    assert want.takes(LIFE, 104 + 3 * PART)


@pytest.mark.parametrize("reason", ["unreadable_chunk", "unsupported_framing"])
def test_a_whole_chunk_wants_all_of_its_records(reason: str) -> None:
    letter = about(100, reason=reason)
    want = want_of_chunk(letter, Origins().of(letter), chunk())
    assert (len(positions(want)), positions(want, OTHER)) == (25, [])


def test_a_refused_record_wants_itself_alone() -> None:
    letter = of_sink(CODEC.encode(log_record(104)))
    assert positions(want_of_record(letter, Origins().of(letter))) == [104]


def test_a_chunk_is_recognised_by_the_record_that_it_holds() -> None:
    assert [each for each in range(95, 120) if holds(chunk(), Origin("s", LIFE, each))] == list(range(100, 114))
    assert not holds(chunk(), Origin("s", OTHER, 100))
    assert holds(chunk("otlp", 0), Origin("s", LIFE, 3))


def test_a_line_is_rebuilt_at_its_own_place() -> None:
    letter = about(104, original=b"two")
    rebuilt = rebuilt_chunk(letter, Origins().of(letter), chunk())
    assert isinstance(rebuilt, dict)
    assert (rebuilt["incarnation"], rebuilt["offset"], rebuilt["payload"]) == (LIFE, 104, b"two\n")
    assert (rebuilt["source"], rebuilt["observed_timestamp"]) == (chunk()["source"], chunk()["observed_timestamp"])
    assert not rebuilt["ended"]


def test_of_an_unknown_source_only_the_id_is_kept() -> None:
    letter = about(104, original=b"two")
    rebuilt = rebuilt_chunk(letter, Origins().of(letter), None)
    assert isinstance(rebuilt, dict)
    assert (rebuilt["source"]["id"], rebuilt["source"]["framing"]) == ("5b3c1d9e00aa4f12", "raw")
    assert rebuilt["observed_timestamp"] == letter.fields["failed_at"]


def test_what_cannot_be_rebuilt_says_why() -> None:
    redacted, entry = about(104, redacted=True), about(104)
    assert "redacted" in str(rebuilt_chunk(redacted, Origins().of(redacted), chunk()))
    assert "an entry of journald is not read alone" in str(rebuilt_chunk(entry, Origins().of(entry), chunk("journald")))
    assert "nobody knows" in str(rebuilt_chunk(of_sink(b""), Origin(), None))


def test_a_document_keeps_its_headers_or_gets_them_again() -> None:
    kept = {"id": record_id(LIFE, 5).encode(), "day": b"2026-11-21", "mine": b"x"}
    letter = of_sink(b"{}", headers=kept)
    assert dict(headers_again(letter, Origins().of(letter), is_document=True)) == kept  # type: ignore[arg-type]
    told = Origin("s", LIFE, 5, incomplete=True, day="2026-11-21")
    assert headers_again(of_sink(b"{}"), told, is_document=True) == [
        ("id", record_id(LIFE, 5 | 1 << 47).encode()),
        ("day", b"2026-11-21"),
    ]
    assert "does not say" in str(headers_again(of_sink(b"{}"), Origin(), is_document=True))
    assert headers_again(of_sink(b""), Origin(), is_document=False) == []


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 3)), max_size=8, unique_by=lambda each: each[0]),
    st.lists(st.tuples(st.sampled_from([LIFE, OTHER]), st.integers(0, 50)), max_size=30),
)
def test_everything_comes_to_the_wants_that_take_it(
    wants: list[tuple[int, int]], named: list[tuple[bytes, int]]
) -> None:
    starts = sorted(first for first, _ in wants)
    ends = {first: min([first + length, *(each for each in starts if each > first)]) for first, length in wants}
    made = [Want(of_stream(), Origin(), first, ends[first], life=LIFE) for first, _ in wants]
    found = Sorted(made)
    for life, position in named:
        found.take((life, position), Made("t", "k", f"{life!r}{position}".encode(), []))
    assert [[each.value for each in of_want] for of_want in found.made] == [
        [f"{life!r}{position}".encode() for life, position in named if want.takes(life, position)] for want in made
    ]
