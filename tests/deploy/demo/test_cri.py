"""What containerd writes, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.cri import CONTENT_MAX_BYTES, NANOSECONDS, RisingTime, Splitter, encode, fragments, label, stamps
from tests.deploy.demo.reading import parse, rejoin

LIMIT = 8


def split(chunks: list[bytes], limit: int = LIMIT) -> list[tuple[bytes, bytes]]:
    splitter = Splitter("stdout", limit)
    return [piece for chunk in chunks for piece in splitter.feed(chunk)] + splitter.finish()


def cut(text: bytes, at: list[int]) -> list[bytes]:
    ends = sorted({min(n, len(text)) for n in at})
    return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]


def test_a_line_is_time_stream_tag_and_content() -> None:
    assert encode([(label("stderr"), b"hello")], 1_795_222_800_123_456_789) == (
        b"2026-11-21T01:00:00.123456789Z stderr F hello\n"
    )


def test_trailing_zeros_of_the_time_are_dropped_as_go_does() -> None:
    second = 1_795_222_800 * NANOSECONDS
    assert stamps(second + 500_000_000, 1) == [b"2026-11-21T01:00:00.5Z"]
    assert stamps(second - 1, 2) == [b"2026-11-21T00:59:59.999999999Z", b"2026-11-21T01:00:00Z"]


def test_a_line_of_16_kib_is_whole_and_one_byte_more_is_cut() -> None:
    whole, longer = b"x" * CONTENT_MAX_BYTES, b"x" * (CONTENT_MAX_BYTES + 1)
    assert fragments("stdout", whole) == [(b"stdout F", whole)]
    assert fragments("stdout", longer) == [(b"stdout P", whole), (b"stdout F", b"x")]


def test_an_output_that_ends_without_a_line_end_leaves_a_partial_line() -> None:
    assert split([b"one\ntwo"]) == [(b"stdout F", b"one"), (b"stdout P", b"two")]


def test_the_last_piece_is_whole_on_request() -> None:
    splitter = Splitter("stdout", LIMIT)
    assert splitter.feed(b"123456789012") == [(b"stdout P", b"12345678")]
    assert splitter.finish(partial=False) == [(b"stdout F", b"9012")]


def test_a_carriage_return_before_the_line_end_is_dropped_even_at_the_limit() -> None:
    assert split([b"12345678\r\n"]) == split([b"12345678\r", b"\n"]) == [(b"stdout F", b"12345678")]
    assert split([b"12345678\r", b"9\n"]) == [(b"stdout P", b"12345678"), (b"stdout F", b"\r9")]


bytes_with_line_ends = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"\x00\xff", b"12345678"])).map(b"".join)


@given(bytes_with_line_ends, st.lists(st.integers(0, 200), max_size=8))
def test_pieces_do_not_depend_on_how_the_bytes_arrive(text: bytes, at: list[int]) -> None:
    assert split(cut(text, at)) == split([text])


@given(st.one_of(st.binary(max_size=200), bytes_with_line_ends), st.lists(st.integers(0, 200), max_size=8))
def test_any_bytes_split_and_rejoined_are_the_same_but_for_carriage_returns(text: bytes, at: list[int]) -> None:
    *lines, rest = text.split(b"\n")
    whole = [line.removesuffix(b"\r") for line in lines]
    pieces = split(cut(text, at))
    assert rejoin(parse(encode(pieces, 1))) == (whole, rest)
    assert all(len(content) <= LIMIT for _, content in pieces)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 30))))
def test_times_rise_whatever_the_clock_does(takes: list[tuple[int, int]]) -> None:
    rising = RisingTime()
    given_out = [first + n for count, now in takes for first in [rising.take(count, now)] for n in range(count)]
    assert given_out == sorted(set(given_out))


@given(st.integers(0, 4 * 10**18))
def test_a_time_is_the_one_it_was_made_of(ns: int) -> None:
    text = stamps(ns, 1)[0].decode().removesuffix("Z")
    second, _, fraction = text.partition(".")
    assert int(datetime.fromisoformat(second).replace(tzinfo=UTC).timestamp()) == ns // NANOSECONDS
    assert int(fraction.ljust(9, "0")) == ns % NANOSECONDS
