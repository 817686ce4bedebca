"""Cutting blocks into lines, and keeping the lines of several sources apart."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from producers.core.relay.lines import PIECE_BYTES, CriLines, HoldLimits, OneVoice, WholeLines, piece_end, prefixed

TIME = b"2026-11-21T01:02:03.000000004Z"
blocks = st.lists(st.binary(max_size=20).map(lambda data: data.replace(b"a", b"\n")), max_size=20)


@given(blocks)
def test_what_is_taken_and_the_rest_are_the_bytes_that_came(parts: list[bytes]) -> None:
    lines = WholeLines(HoldLimits())
    taken = [lines.take(part, 0.0) for part in parts]
    assert b"".join(taken) + lines.rest() == b"".join(parts)
    assert [part for part in taken if part and not part.endswith(b"\n")] == []


@given(blocks, st.integers(1, 8))
def test_no_more_is_held_than_the_limit(parts: list[bytes], limit: int) -> None:
    lines = WholeLines(HoldLimits(max_bytes=limit))
    for part in parts:
        lines.take(part, 0.0)
        assert len(lines._held) < limit + len(part) + 1
    assert b"".join(parts).endswith(lines.rest())


def test_an_unfinished_line_is_passed_on_when_it_has_not_grown_for_long_enough() -> None:
    lines = WholeLines(HoldLimits(secs=5.0))
    assert lines.take(b"pass", 10.0) == b""
    assert lines.take(b"word: ", 12.0) == b""
    assert (lines.overdue(16.9), lines.overdue(17.0), lines.overdue(30.0)) == (b"", b"password: ", b"")


@given(st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=6).map(lambda data: data.replace(b"a", b"\n")))))
def test_the_bytes_of_one_source_alone_pass_unchanged_and_lines_of_several_are_never_mixed(
    said: list[tuple[int, bytes]],
) -> None:
    voice = OneVoice()
    speakers: list[int | None] = []
    for who, data in said:
        spoken = voice.say(who, data)
        interruption = spoken[: len(spoken) - len(data)]
        assert interruption in (b"", b"\n")
        if interruption:
            speakers.append(None)
        speakers += [who if byte != 10 else None for byte in data]
    if {who for who, data in said if data} and len({who for who, data in said if data}) == 1:
        assert None not in speakers or b"\n" in b"".join(data for _, data in said)
    neighbours = [pair for pair in pairwise(speakers) if None not in pair]
    assert [pair for pair in neighbours if pair[0] != pair[1]] == []


def test_a_source_that_is_interrupted_goes_on_in_a_line_of_its_own_with_its_prefix() -> None:
    voice = OneVoice()
    said = [voice.say(1, b"half", b"a: "), voice.say(2, b"whole\n", b"b: "), voice.say(1, b" rest\n", b"a: ")]
    assert b"".join(said) == b"a: half\nb: whole\na:  rest\n"


def test_a_file_that_ends_inside_a_line_ends_the_line_once() -> None:
    voice = OneVoice()
    voice.say(1, b"half")
    assert (voice.end_line(2), voice.end_line(1), voice.end_line(1)) == (b"", b"\n", b"")


def test_every_line_has_its_prefix_once() -> None:
    assert prefixed(b"one\n\ntwo", b"f: ", inside_line=False) == b"f: one\nf: \nf: two"
    assert prefixed(b"rest\nnext\n", b"f: ", inside_line=True) == b"rest\nf: next\n"


@given(st.binary(max_size=60).map(lambda data: data.replace(b"a", b"\n")), st.integers(1, 10))
def test_pieces_make_the_whole_and_end_behind_a_line_end_if_one_fits(data: bytes, limit: int) -> None:
    at, pieces = 0, []
    while at < len(data):
        end = piece_end(data, at, limit)
        pieces.append(data[at:end])
        at = end
    assert b"".join(pieces) == data
    assert max(map(len, pieces), default=0) <= limit
    assert [piece for piece in pieces[:-1] if b"\n" in piece and not piece.endswith(b"\n")] == []


@given(blocks)
def test_a_programs_output_comes_back_out_of_its_cri_lines(parts: list[bytes]) -> None:
    stream = CriLines("stderr")
    written = b"".join(stream.take(part, TIME) for part in parts) + stream.end(TIME)
    assert _content(written) == _ended(b"".join(parts))


def test_a_long_line_travels_in_partial_pieces_and_is_ended_by_a_whole_one() -> None:
    stream = CriLines("stdout")
    line = b"x" * (3 * PIECE_BYTES + 5)
    parts = [line[at : at + 1000] for at in range(0, len(line), 1000)]
    written = b"".join(stream.take(part, TIME) for part in parts) + stream.take(b"\n", TIME)
    tags = [each.split(b" ", 3)[2] for each in written.splitlines()]
    assert tags == [b"P", b"P", b"F"]
    assert _content(written) == line + b"\n"
    ended_by_nothing = CriLines("stdout")
    partial = ended_by_nothing.take(line, TIME) + ended_by_nothing.end(TIME)
    assert _content(partial) == line + b"\n"
    assert partial.splitlines()[-1].split(b" ", 3)[2] == b"F"


def _content(written: bytes) -> bytes:
    """What the program wrote, with an end of its last line."""
    content = b""
    for line in written.split(b"\n")[:-1]:
        time, stream, tag, text = line.split(b" ", 3)
        assert (time, stream in (b"stdout", b"stderr"), tag in (b"F", b"P")) == (TIME, True, True)
        content += text + (b"\n" if tag == b"F" else b"")
    return content


def _ended(content: bytes) -> bytes:
    return content if content.endswith(b"\n") or not content else content + b"\n"
