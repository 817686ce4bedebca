"""Blocks end at line ends where they can, and what they leave unfinished is known."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from producers.core.files.cut import LineEnd, behind_cut_line, cut_length, docker_open_streams, has_header, open_streams
from tests.streams.source import sources

blocks = st.lists(st.sampled_from([b"\n", b"a", b"\r", b"\x00", b"line"]), max_size=12).map(b"".join)


@given(blocks, st.booleans(), st.booleans())
def test_a_block_is_cut_behind_its_last_line_end_or_not_at_all(block: bytes, full: bool, final: bool) -> None:
    length = cut_length(block, LineEnd(), 0, full=full, final=final)
    assert 0 <= length <= len(block)
    if not full and not final:
        assert block[:length].endswith(b"\n") or not length
        assert b"\n" not in block[length:]


@given(blocks)
def test_a_full_block_always_moves_on(block: bytes) -> None:
    assert cut_length(block, LineEnd(), 0, full=True, final=False) > 0 or not block


@given(blocks)
def test_nothing_is_left_of_the_last_block(block: bytes) -> None:
    assert cut_length(block, LineEnd(), 0, full=False, final=True) == len(block)


def plain_open_streams(content: bytes) -> dict[str, str]:
    """Line by line, as slowly as can be."""
    found: dict[str, str] = {}
    for line in content.split(b"\n"):
        parts = line.split(b" ", 3)
        if len(parts) >= 3 and parts[0].startswith(b"2026-") and parts[1] in (b"stdout", b"stderr"):
            if parts[2] == b"P":
                found[parts[1].decode()] = parts[0].decode()
            elif parts[2] == b"F":
                found.pop(parts[1].decode(), None)
    return found


@given(sources())
def test_open_streams_are_those_whose_last_line_is_partial(files):
    for file in files:
        assert open_streams(file.content) == plain_open_streams(file.content)


@given(sources(), st.data())
def test_open_streams_follow_from_block_to_block(files, data):
    content = b"".join(file.content for file in files[:1])
    ends = [at + 1 for at, byte in enumerate(content) if byte == 10]
    cuts = sorted(data.draw(st.sets(st.sampled_from(ends)))) if ends else []
    still_open: dict[str, str] = {}
    for begin, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        still_open = open_streams(content[begin:end], still_open)
    assert still_open == plain_open_streams(content)


def test_a_carriage_return_begins_no_line():
    content = b"2026-11-21T01:02:03Z stdout F a\r2026-11-21T01:02:03Z stdout P b\n"
    assert open_streams(content) == {}


@given(st.binary(max_size=300))
def test_any_bytes_leave_streams_open_or_not(content: bytes) -> None:
    assert open_streams(content).keys() <= {"stdout", "stderr"}


def test_what_belongs_to_a_cut_line_is_left_out() -> None:
    assert behind_cut_line(b"rest\nwhole\n", inside_line=True) == b"whole\n"
    assert behind_cut_line(b"rest", inside_line=True) == b""
    assert behind_cut_line(b"whole\n", inside_line=False) == b"whole\n"


def test_a_header_is_there_when_its_third_space_is() -> None:
    header = b"2026-11-21T01:02:03Z stdout F "
    assert [has_header(line) for line in (b"", header[:-1], header)] == [False, False, True]


wide = st.lists(st.sampled_from(["\n", "a", "\u0a00", "\u000a\u0a0a", "\u0100"]), max_size=12).map("".join)


@given(wide, st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le"]), st.integers(0, 3))
def test_a_wide_encoding_is_cut_behind_a_line_end_and_never_within_a_character(
    text: str, encoding: str, skip: int
) -> None:
    line_end, unit = LineEnd(encoding), len("a".encode(encoding))
    whole = text.encode(encoding)
    offset = min(skip * unit, len(whole))
    block = whole[offset:]
    length = cut_length(block, line_end, offset, full=False, final=False)
    assert block[:length].decode(encoding) == text[offset // unit :].rpartition("\n")[0] + ("\n" if length else "")
    assert cut_length(block[:-1], line_end, offset, full=True, final=False) % unit == 0


docker_lines = st.lists(
    st.tuples(st.sampled_from(["stdout", "stderr"]), st.text(max_size=8), st.booleans(), st.integers(0, 9)), max_size=8
)


@given(docker_lines)
def test_a_docker_line_is_partial_unless_its_text_ends_with_a_newline(lines: list[tuple[str, str, bool, int]]) -> None:
    expected: dict[str, str] = {}
    content = b""
    for stream, text, whole, second in lines:
        said = text.rstrip("\n\\") + ("\n" if whole else "")
        time = f"2026-11-21T01:02:0{second}Z"
        content += json.dumps({"log": said, "stream": stream, "time": time}, separators=(",", ":")).encode() + b"\n"
        expected.pop(stream, None)
        if not whole:
            expected[stream] = time
    assert docker_open_streams(content) == expected
