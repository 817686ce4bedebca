"""What one program sends: every byte at one place, each place given once, gaps exact, memory bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from producers.chunk import Chunk, source_of
from producers.core.relay.direct_batch import Batches, BatchLimits

SOURCE = source_of("00112233445566aa", "node-1", "relay", "cri")
LIMITS = BatchLimits(chunk_max_bytes=50, linger_secs=0.1, memory_max_bytes=100)


def batches() -> Batches:
    return Batches(SOURCE, "app", b"12345678", LIMITS)


def test_a_line_waits_for_others_but_not_for_long() -> None:
    out = batches()
    out.add(b"one\n", 1, 10.0, 1)
    out.add(b"two\n", 1, 10.05, 1)
    assert out.due_in(10.05) is not None
    assert out.next_chunk(10.09, 1) is None
    chunk = out.next_chunk(10.1, 77)
    assert chunk is not None
    assert (chunk.payload, chunk.lines, chunk.offset, chunk.observed_timestamp) == (b"one\ntwo\n", 2, 0, 77)
    assert out.due_in(10.2) is None


def test_a_full_chunk_goes_at_once() -> None:
    out = batches()
    out.add(b"x" * 50, 1, 10.0, 1)
    assert out.due_in(10.0) == 0.0
    assert out.next_chunk(10.0, 1) is not None


def test_a_chunk_is_closed_before_it_grows_too_large() -> None:
    out = batches()
    for _ in range(6):
        out.add(b"x" * 20, 1, 10.0, 1)
    chunks = [out.next_chunk(10.0, 1) for _ in range(3)]
    assert [chunk and len(chunk.payload) for chunk in chunks] == [40, 40, None]


def test_only_the_first_chunk_says_that_nothing_was_unfinished_before_it() -> None:
    out = batches()
    chunks = []
    for _ in range(2):
        out.add(b"x" * 50, 1, 0.0, 1)
        chunks.append(out.next_chunk(0.0, 1))
    assert [chunk.resumed for chunk in chunks if chunk] == [{"inside_line": False, "open_streams": {}}, None]


def test_dropped_bytes_are_the_gap_of_the_next_chunk() -> None:
    out = batches()
    out.add(b"a" * 10, 1, 0.0, 1)
    out.drop(7, 1)
    out.drop(5, 1)
    out.add(b"b" * 10, 1, 0.0, 1)
    found = [out.next_chunk(1.0, 1) for _ in range(2)]
    assert [(chunk.offset, chunk.payload, chunk.gap) for chunk in found if chunk] == [
        (0, b"a" * 10, None), (22, b"b" * 10, {"start": 10, "reason": "overflow"}),
    ]  # fmt: skip


def test_the_last_chunk_says_so_even_when_it_is_empty() -> None:
    out = batches()
    out.close_open(1, ended=True)
    assert out.is_empty, "nothing was ever sent, so nothing ends"
    out.add(b"a\n", 1, 0.0, 1)
    out.next_chunk(1.0, 1)
    out.close_open(1, ended=True)
    last = out.next_chunk(1.0, 1)
    assert last is not None
    assert (last.offset, last.payload, last.ended, last.end_reason) == (2, b"", True, "closed")


def test_something_always_fits_into_empty_memory() -> None:
    out = batches()
    assert out.has_room(1000)
    out.add(b"x" * 90, 1, 0.0, 1)
    assert (out.has_room(10), out.has_room(11), out.has_room(1, 0.75)) == (True, False, False)


class AnySending(RuleBasedStateMachine):
    """Lines come, are dropped, fly, arrive and fall back in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.out = batches()
        self.now = 0.0
        self.written: dict[int, bytes] = {}
        self.end = 0
        self.dropped: set[int] = set()
        self.flying: list[Chunk] = []
        self.arrived: dict[int, Chunk] = {}

    @rule(data=st.binary(min_size=1, max_size=40))
    def offer(self, data: bytes) -> None:
        if self.out.has_room(len(data)):
            self.out.add(data, 1, self.now, 0)
            self.written[self.end] = data
        else:
            self.out.drop(len(data), 1)
            self.dropped |= set(range(self.end, self.end + len(data)))
        self.end += len(data)

    @rule(secs=st.sampled_from([0.0, 0.05, 0.2]))
    def send(self, secs: float) -> None:
        self.now += secs
        chunk = self.out.next_chunk(self.now, 1)
        if chunk is not None:
            self.flying.append(chunk)

    @rule(number=st.integers(0, 5))
    def arrive(self, number: int) -> None:
        if number < len(self.flying):
            chunk = self.flying.pop(number)
            self.arrived[chunk.offset] = chunk
            self.out.acknowledge(chunk.offset)

    @rule()
    def fall_back(self) -> None:
        before = [chunk.offset for chunk in self.flying]
        self.out.land()
        self.flying.clear()
        again = []
        while len(again) < len(before):
            chunk = self.out.next_chunk(self.now, 1)
            assert chunk is not None
            again.append(chunk)
        assert [chunk.offset for chunk in again] == before
        self.flying += again

    @invariant()
    def memory_is_bounded(self) -> None:
        assert self.out.held_bytes <= LIMITS.memory_max_bytes

    def teardown(self) -> None:
        self.out.close_open(1, ended=True)
        for chunk in self.flying:
            self.out.acknowledge(chunk.offset)
            self.arrived[chunk.offset] = chunk
        while (chunk := self.out.next_chunk(self.now + 1, 1)) is not None:
            self.out.acknowledge(chunk.offset)
            self.arrived[chunk.offset] = chunk
        assert (self.out.is_empty, self.out.held_bytes, self.out.unsent_lines()) == (True, 0, 0)
        found = {at + start: byte for start, each in self.arrived.items() for at, byte in enumerate(each.payload)}
        told = {at for start, each in self.arrived.items() if each.gap for at in range(each.gap["start"], start)}
        expected = {at + start: byte for start, data in self.written.items() for at, byte in enumerate(data)}
        assert (found, told) == (expected, self.dropped)
        ends = [each.ended for _, each in sorted(self.arrived.items())]
        assert ends == [False] * (len(ends) - 1) + [True] * bool(ends)


TestAnySending = AnySending.TestCase


@given(st.lists(st.integers(1, 60), max_size=20))
def test_offsets_are_where_the_bytes_belong(sizes: list[int]) -> None:
    out, chunks, at = batches(), [], 0
    for size in sizes:
        out.add(b"x" * size, 1, 0.0, 1)
        if (chunk := out.next_chunk(0.0, 1)) is not None:
            chunks.append(chunk)
            out.acknowledge(chunk.offset)
    for chunk in chunks:
        assert chunk.offset == at
        at += len(chunk.payload)
