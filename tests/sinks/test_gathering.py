"""Records become requests no larger than allowed, in order, and a read is finished when all its parts are."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from sinks.destination import Built
from sinks.gathering import Gathering, Request

reads = st.lists(st.lists(st.integers(1, 12), max_size=9), max_size=9)


def built(sizes: list[int], begin: int = 0) -> Built[int]:
    numbers = list(range(begin, begin + len(sizes)))
    return Built(cast("Any", numbers), list(numbers), list(sizes))


def requests_of(gathering: Gathering[int]) -> list[Request[int]]:
    found = []
    while (request := gathering.next()) is not None:
        found.append(request)
    return found


def gathered(sizes_of_reads: list[list[int]], max_bytes: int, max_records: int) -> list[Request[int]]:
    gathering: Gathering[int] = Gathering(max_records, 1.0)
    begin = 0
    for number, sizes in enumerate(sizes_of_reads):
        gathering.add(cast("Any", number), built(sizes, begin), max_bytes, 0.0)
        begin += len(sizes)
    return requests_of(gathering)


@given(reads, st.integers(1, 30), st.integers(1, 10))
def test_every_record_is_in_one_request_in_order(sizes_of_reads, max_bytes, max_records):
    found = gathered(sizes_of_reads, max_bytes, max_records)
    assert [piece for request in found for piece in request.pieces] == list(range(sum(map(len, sizes_of_reads))))
    assert [request.records for request in found] == [request.pieces for request in found]


@given(reads, st.integers(1, 30), st.integers(1, 10))
def test_no_request_is_larger_than_allowed_but_one_record_alone(sizes_of_reads, max_bytes, max_records):
    sizes = [size for read in sizes_of_reads for size in read]
    for request in gathered(sizes_of_reads, max_bytes, max_records):
        assert request.size == sum(sizes[piece] for piece in request.pieces)
        assert len(request.pieces) <= max_records
        assert request.size <= max_bytes or len(request.pieces) == 1


@given(reads, st.integers(1, 30), st.randoms())
def test_a_read_is_finished_once_with_the_last_of_its_parts(sizes_of_reads, max_bytes, chance):
    found = gathered(sizes_of_reads, max_bytes, 5)
    chance.shuffle(found)
    finished: list[Any] = []
    open_pieces = [set(range(len(read))) for read in sizes_of_reads]
    begins = [sum(map(len, sizes_of_reads[:number])) for number in range(len(sizes_of_reads))]
    for request in found:
        for number, begin in enumerate(begins):
            open_pieces[number] -= {piece - begin for piece in request.pieces}
        done = request.finished()
        assert all(not open_pieces[cast("Any", number)] for number in done)
        finished += done
    assert sorted(finished) == list(range(len(sizes_of_reads)))


def test_a_request_goes_when_it_is_full_or_old():
    gathering: Gathering[int] = Gathering(100, 1.0)
    assert not gathering.is_due(10, 0.0)
    gathering.add(cast("Any", 0), built([3]), 10, 5.0)
    assert not gathering.is_due(10, 5.9)
    assert gathering.is_due(10, 6.0)
    gathering.add(cast("Any", 1), built([7]), 10, 5.1)
    assert gathering.is_due(10, 5.1)


def test_a_read_of_nothing_but_rejected_records_is_finished_with_its_request():
    gathering: Gathering[int] = Gathering(100, 1.0)
    gathering.add(cast("Any", "empty"), built([]), 10, 5.0)
    assert gathering.is_due(10, 6.0)
    request = gathering.next()
    assert request is not None
    assert (request.pieces, request.finished()) == ([], ["empty"])
