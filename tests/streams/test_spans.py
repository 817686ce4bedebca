"""What a commit says that its reader must pass over: the records that began before it and ended behind it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.spans import END, METADATA_MAX_BYTES, Skip, Spans, metadata, skips_of
from streams.core.work import Span

LIFE = bytes.fromhex("2c26b46b68ffc68f")
SOURCE = "9f86d081884c7d65"

skips = st.builds(
    Skip,
    st.binary(min_size=8, max_size=8).map(bytes.hex),
    st.sampled_from([b"stdout", b"stderr", b""]),
    st.binary(min_size=8, max_size=8),
    st.integers(0, 2**47),
    st.none() | st.integers(0, 2**63 - 1),
)


def span(first: int, last: int | None, *, end: int = 100, stream: bytes = b"stdout", given_up: bool = False) -> Span:
    return Span(first, last, stream, LIFE, end, given_up)


def of(*spans: Span, source: str = SOURCE) -> Spans:
    found = Spans()
    found.add(source, spans)
    return found


# -- the text beside a commit --------------------------------------------------------------------------------------


@given(st.lists(skips, max_size=20))
def test_what_is_written_beside_a_commit_is_read_back(told: list[Skip]) -> None:
    text = metadata(told)
    assert text is not None
    assert skips_of(text) == told


def test_the_text_is_as_documented() -> None:
    told = [Skip(SOURCE, b"stdout", LIFE, 1048576, 7001), Skip(SOURCE, b"", LIFE, 7, None)]
    assert metadata(told) == f"1;{SOURCE},stdout,2c26b46b68ffc68f,1048576,7001;{SOURCE},,2c26b46b68ffc68f,7,{END}"


def test_nothing_to_pass_over_is_an_empty_text() -> None:
    assert (metadata([]), skips_of("")) == ("", [])


def test_a_text_longer_than_kafka_takes_is_not_committed() -> None:
    skip = Skip(SOURCE, b"stdout", LIFE, 1, 1)
    around = len("1" + END)
    one = len(metadata([skip]) or "") - around
    most = [skip] * ((METADATA_MAX_BYTES - around) // one)
    assert metadata(most) is not None
    assert metadata([*most, skip]) is None


def test_what_stands_behind_the_end_of_a_text_is_not_read() -> None:
    told = [Skip(SOURCE, b"stdout", LIFE, 1048576, 7001)]
    assert skips_of(f"{metadata(told)}9;{SOURCE},stderr,2c26b46b68ffc68f,1,1") == told


@given(st.text())
def test_somebody_elses_text_says_nothing_and_never_raises(text: str) -> None:
    assert all(isinstance(each, Skip) for each in skips_of(text))


@pytest.mark.parametrize(
    "text",
    [
        f"2;{SOURCE},stdout,2c26b46b68ffc68f,1,1",
        f"{SOURCE},stdout,2c26b46b68ffc68f,1,1",
        f"1;{SOURCE},stdout,2c26,one,1",
        f"1;{SOURCE},stdout,2c26b46b68ffc68f,1",
        f"1;{SOURCE},stdout,xyz,1,1",
        "1;",
        "1;,;,,,,",
    ],
)
def test_a_text_that_is_none_of_ours_says_nothing(text: str) -> None:
    assert skips_of(text) == []


def test_what_can_be_read_of_a_text_counts_though_another_part_cannot() -> None:
    assert skips_of(f"1;nonsense;{SOURCE},stdout,2c26b46b68ffc68f,1,") == [Skip(SOURCE, b"stdout", LIFE, 1, None)]


# -- which records a commit names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("position", "named"), [(3, False), (4, True), (7, True), (8, False)])
def test_a_record_is_named_by_commits_behind_its_first_chunk_up_to_its_last(position: int, *, named: bool) -> None:
    expected = [Skip(SOURCE, b"stdout", LIFE, 100, 7)] if named else []
    assert of(span(3, 7)).at(position) == expected


def test_of_several_records_of_a_stream_the_last_one_is_named() -> None:
    found = of(span(3, 7, end=50), span(4, 7, end=90), span(4, 7, end=20, stream=b"stderr"))
    assert found.at(7) == [Skip(SOURCE, b"stdout", LIFE, 90, 7), Skip(SOURCE, b"stderr", LIFE, 20, 7)]


def test_sources_do_not_stand_for_each_other() -> None:
    found = of(span(3, 7))
    found.add("other", [span(3, 7, end=1)])
    assert [(each.source, each.end) for each in found.at(5)] == [(SOURCE, 100), ("other", 1)]


def test_a_record_that_was_given_up_is_named_until_the_next_chunk_of_its_source_is_taken() -> None:
    found = of(span(3, None, given_up=True))
    assert found.at(1000) == [Skip(SOURCE, b"stdout", LIFE, 100, None)]
    found.taken("other", 8)
    assert found.at(1000) == [Skip(SOURCE, b"stdout", LIFE, 100, None)]
    found.taken(SOURCE, 9)
    assert (found.at(9), found.at(10)) == ([Skip(SOURCE, b"stdout", LIFE, 100, None)], [])


def test_only_the_first_chunk_that_comes_ends_it() -> None:
    found = of(span(3, None, given_up=True))
    found.taken(SOURCE, 9)
    found.taken(SOURCE, 11)
    assert found.at(10) == []


def test_what_a_reader_was_told_its_successor_is_told_too() -> None:
    told = [Skip(SOURCE, b"stdout", LIFE, 100, 7), Skip("other", b"", LIFE, 5, None)]
    found = Spans(told)
    assert found.at(7) == told
    found.taken("other", 8)
    assert found.at(8) == told[1:]
    assert found.at(9) == []


# -- forgetting ----------------------------------------------------------------------------------------------------


def test_records_that_ended_before_a_commit_are_forgotten() -> None:
    found = of(span(1, 2), span(1, 5), span(6, 7))
    found.forget(5)
    assert (len(found), found.at(5)) == (2, [Skip(SOURCE, b"stdout", LIFE, 100, 5)])


def test_a_record_that_waits_for_its_next_chunk_is_never_forgotten_and_still_found_by_it() -> None:
    found = of(span(1, 2), span(1, None, end=5, given_up=True), span(1, 2), span(2, 9, end=7, stream=b"stderr"))
    found.forget(1000)
    assert len(found) == 1
    found.taken(SOURCE, 1000)
    assert found.at(1000) == [Skip(SOURCE, b"stdout", LIFE, 5, None)]
    found.forget(1001)
    assert len(found) == 0


def test_a_span_that_is_forgotten_is_not_looked_for_by_the_next_chunk() -> None:
    found = of(span(1, None))
    found.taken(SOURCE, 2)
    found.forget(3)
    found.add("other", [span(3, 4)])
    found.taken(SOURCE, 5)
    assert found.at(4) == [Skip("other", b"stdout", LIFE, 100, 4)]


spans = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.builds(
            span,
            st.integers(0, 9),
            st.none() | st.integers(10, 19),
            end=st.integers(0, 9),
            stream=st.sampled_from([b"stdout", b"stderr"]),
        ),
    ),
    max_size=12,
)


@given(spans, st.integers(0, 20), st.integers(0, 20))
def test_forgetting_changes_nothing_for_readers_behind(
    known: list[tuple[str, Span]], position: int, further: int
) -> None:
    one, other = Spans(), Spans()
    for source, each in known:
        one.add(source, [each])
        other.add(source, [each])
    one.forget(position)
    for taken in (one, other):
        taken.taken("a", 15)
    assert one.at(position + further) == other.at(position + further)
