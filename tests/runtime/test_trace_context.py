"""Which chunks are traced, and how a trace is told from one process to the next."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.semconv._incubating.attributes import messaging_attributes

from runtime.trace_context import HEADER, SpanRef, header_of, is_chosen, parent_of, trace_of
from runtime.tracing import kafka_attributes

LIFE = bytes(range(8))

# -- which chunks --------------------------------------------------------------------------------------------------


def test_a_chunk_has_the_same_trace_whoever_sends_it_and_however_often() -> None:
    assert trace_of(LIFE, 4096) == 0x5A1EC2B4E6C1376C771B60FC3EF4005B
    assert len({trace_of(life, offset) for life in (LIFE, bytes(8)) for offset in range(1000)}) == 2000


@pytest.mark.parametrize("one_in", [1, 2, 10, 100])
def test_one_in_so_many_chunks_is_chosen(one_in: int) -> None:
    chosen = sum(is_chosen(trace_of(LIFE, offset), one_in) for offset in range(20_000))
    assert chosen == pytest.approx(20_000 / one_in, rel=0.2)


@given(st.integers(0, 2**128 - 1), st.integers(1, 10**6), st.integers(1, 10**6))
def test_what_is_chosen_of_more_is_chosen_of_less(trace: int, one: int, other: int) -> None:
    assert is_chosen(trace, 1)
    if is_chosen(trace, max(one, other)):
        assert is_chosen(trace, min(one, other))


# -- the header ----------------------------------------------------------------------------------------------------


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1))
def test_a_header_is_read_as_it_was_written(trace: int, span: int) -> None:
    ref = SpanRef(trace, span)
    assert parent_of([("id", b"x"), header_of(ref), ("other", None)]) == ref


def test_the_header_is_that_of_the_standard() -> None:
    ref = SpanRef(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7)
    assert header_of(ref) == (HEADER, b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        None,
        "text",
        b"\xff\xfe",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",  # somebody decided against it
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        b"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
    ],
)
def test_what_is_no_header_or_is_not_sampled_is_no_trace(value: Any) -> None:
    assert parent_of([(HEADER, value)]) is None


@given(st.lists(st.tuples(st.text(), st.none() | st.binary())))
def test_any_headers_are_read_without_an_error(headers: list[tuple[str, bytes | None]]) -> None:
    assert parent_of(headers) is None or HEADER in dict(headers)


def test_attributes_have_the_names_of_the_semantic_conventions() -> None:
    found = kafka_attributes(
        "process", "process", "t", consumer__group__name="g", destination__partition__id="1", kafka__offset=2,
        message__body__size=3, batch__message_count=4,
    )  # fmt: skip
    known = {value for name, value in vars(messaging_attributes).items() if name.startswith("MESSAGING_")}
    assert found.keys() <= known
    assert len(found) == 9
