"""Entries of a request to payloads of chunks."""

from __future__ import annotations

import gzip
import tracemalloc
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.forward.entries import Entries, EntryLimits, Piece, entries_of, grouped, gunzip, pieces
from producers.core.forward.messages import Request, parse_request
from producers.core.forward.values import Refusal
from tests.producers.forward_client import compressed, entries, message, packed

LIMITS = EntryLimits(decompressed_max_bytes=1 << 20, chunk_max_bytes=4096, entry_max_bytes=100_000)


def cut(data: bytes, limits: EntryLimits = LIMITS) -> list[Piece]:
    found = pieces(data, limits.chunk_max_bytes, limits.entry_max_bytes)
    assert isinstance(found, list), found
    return found


def reason(found: Any) -> str:
    assert isinstance(found, Refusal), found
    return found.reason


def test_no_entries_are_no_pieces() -> None:
    assert cut(b"") == []


def test_entries_that_fit_stay_together() -> None:
    data = packed(entries(10))
    assert cut(data) == [Piece(data, 10)]


@pytest.mark.parametrize("size", [1, 100, 4000, 5000, 90_000])
def test_many_entries_are_cut_between_entries(size: int) -> None:
    events = entries(200, size)
    made = cut(packed(events))
    assert b"".join(piece.payload for piece in made) == packed(events)
    assert [len(list(whole(piece.payload))) for piece in made] == [piece.records for piece in made]
    assert all(len(piece.payload) <= LIMITS.chunk_max_bytes or piece.records == 1 for piece in made)


def whole(payload: bytes) -> msgpack.Unpacker:
    """An iterator over all values of a payload."""
    unpacker = msgpack.Unpacker(max_buffer_size=len(payload) + 1)
    unpacker.feed(payload)
    return unpacker


def test_an_entry_above_the_limit_is_refused() -> None:
    assert reason(pieces(packed(entries(1, 100_001)), 4096, 100_000)) == "too_large"


@pytest.mark.parametrize("tail", [b"\x92", b"\x92\x01", b"\xc1", b"\x01", b"\x81\x01\x02", b"\x91" * 2000, b"\xc6\xff"])
def test_entries_with_anything_else_behind_them_are_refused(tail: bytes) -> None:
    data = packed(entries(3))
    found = pieces(data + tail, 4096, 100_000)
    assert (reason(found), f"byte {len(data)} " in str(found)) == ("malformed", True)


# -- gzip --------------------------------------------------------------------------------------------------------------


def test_gzip_members_are_read_one_after_another() -> None:
    events = entries(3000)
    request = parse_request(compressed("t", events))
    assert isinstance(request, Request)
    assert gunzip(request.entries, 1 << 20) == packed(events)


def test_gzipped_entries_may_fill_the_limit_and_not_exceed_it() -> None:
    data = gzip.compress(b"x" * 1000) + gzip.compress(b"y" * 1000)
    assert gunzip(data, 2000) == b"x" * 1000 + b"y" * 1000
    assert reason(gunzip(data, 1999)) == "too_large"


def test_a_gzip_bomb_takes_no_more_memory_than_the_limit() -> None:
    bomb = gzip.compress(bytes(200 << 20))
    tracemalloc.start()
    assert reason(gunzip(bomb, 1 << 20)) == "too_large"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("length", range(0, 40, 3))
def test_gzip_that_is_cut_off_is_refused(length: int) -> None:
    data = gzip.compress(b"hello hello hello")
    assert reason(gunzip(data + data[: 1 + length % (len(data) - 1)], 1000)) == "compression"


@given(data=st.binary(max_size=300))
def test_any_bytes_are_gunzipped_or_refused(data: bytes) -> None:
    assert isinstance(gunzip(data, 1000), bytes | Refusal)


@given(damage=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_gzip_is_gunzipped_or_refused_within_the_limit(damage: list[tuple[int, int]]) -> None:
    data = bytearray(gzip.compress(packed(entries(50)), mtime=0) * 2)
    for place, byte in damage:
        data[place % len(data)] = byte
    found = gunzip(bytes(data), 20_000)
    assert isinstance(found, Refusal) or len(found) <= 20_000


# -- requests ----------------------------------------------------------------------------------------------------------


def test_the_digest_is_that_of_the_entries_however_they_are_cut_and_packed() -> None:
    events = entries(200)
    made = [
        entries_of(Request(b"t", packed(events), single=False, chunk="c"), EntryLimits(1 << 20, size, 1 << 20))
        for size in (4096, 1 << 20)
    ]
    zipped = parse_request(compressed("t", events, chunk="c"))
    assert isinstance(zipped, Request)
    made.append(entries_of(zipped, LIMITS))
    digests = {each.digest for each in made if isinstance(each, Entries)}
    assert (len(made), len(digests), len(digests.pop())) == (3, 1, 32)


def test_without_a_chunk_id_nothing_is_digested() -> None:
    request = parse_request(message("t", [1, {}]))
    assert isinstance(request, Request)
    assert entries_of(request, LIMITS) == Entries([Piece(b"\x92\x01\x80", 1)], b"")


def test_a_single_entry_above_the_limit_is_refused() -> None:
    request = parse_request(message("t", [1, {"log": "x" * 100_000}]))
    assert isinstance(request, Request)
    assert reason(entries_of(request, LIMITS)) == "too_large"


def test_neighbours_of_one_tag_are_joined_as_far_as_they_fit() -> None:
    gathered = [(b"a", Piece(b"1" * 40, 1)), (b"a", Piece(b"2" * 60, 2)), (b"a", Piece(b"3", 1))]
    gathered += [(b"b", Piece(b"4" * 200, 1)), (b"a", Piece(b"5", 1))]
    assert grouped(gathered, 100) == [
        (b"a", Piece(b"1" * 40 + b"2" * 60, 3)),
        (b"a", Piece(b"3", 1)),
        (b"b", Piece(b"4" * 200, 1)),
        (b"a", Piece(b"5", 1)),
    ]
