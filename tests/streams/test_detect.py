"""The format of a line is the first of the registry that takes it, and the only one."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.parsers import PARSERS, text
from streams.core.parsers.beginnings import ANYTHING, always_has, beginnings, may_begin
from streams.core.parsers.detect import PLACES, Detection
from streams.core.parsers.layout import without_colours
from tests.streams.samples import damaged, damaged_lines, golden_lines

DETECTION = Detection(PARSERS)
DETECTED = {name: parser for name, parser in PARSERS.items() if parser.signature}
BEGINS = {name: re.compile(parser.signature, re.DOTALL).match for name, parser in DETECTED.items()}
MEBIBYTE = 1 << 20
lines = st.randoms(use_true_random=False).map(lambda drawn: damaged(drawn, golden_lines())) | st.binary(max_size=80)


def kind_of(byte: int) -> int:
    return byte if byte > 127 or not chr(byte).isalnum() else ord("0") if chr(byte).isdigit() else ord("a")


def takers_of(line: bytes) -> list[str]:
    return [name for name, parser in DETECTED.items() if parser.read(line) is not None]


def in_turn(line: bytes) -> str:
    """The definition: the first that reads the line."""
    return next(iter(takers_of(line)), "text")


def has_signature(name: str, line: bytes) -> bool:
    return BEGINS[name](without_colours(line) if PARSERS[name].coloured else line) is not None


def test_no_line_is_of_two_formats_and_all_lines_of_a_format_have_its_signature():
    overlapping, hidden = {}, {}
    for line in (*golden_lines(), *damaged_lines(seed=1, number=30_000)):
        takers = takers_of(line)
        if len(takers) > 1:
            overlapping[tuple(takers)] = line
        hidden.update({name: line for name in takers if not has_signature(name, line)})
    assert (overlapping, hidden) == ({}, {})


def test_the_damaged_lines_are_of_all_formats_and_of_none():
    found = [in_turn(line) for line in damaged_lines(seed=1, number=30_000)]
    assert set(found) == {*DETECTED, "text"}
    assert 0.2 < found.count("text") / len(found) < 0.8


@given(line=lines)
def test_a_line_is_of_the_first_format_that_takes_it_whatever_stood_before_it(line: bytes):
    expected = in_turn(line)
    assert {DETECTION.read(line, last)[0].name for last in PARSERS.values()} == {expected}


def test_what_was_asked_before_changes_nothing():
    asked = list(damaged_lines(seed=2, number=5_000))
    found = [DETECTION.read(line, text.PARSER)[0].name for line in asked]
    fresh = Detection(PARSERS)
    assert [fresh.read(line, text.PARSER)[0].name for line in reversed(asked)] == found[::-1]
    assert found == [in_turn(line) for line in asked]


def test_more_kinds_of_beginnings_than_are_remembered_are_told_apart_as_well(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("streams.core.parsers.detect._CHOICES_MAX", 3)
    monkeypatch.setattr("streams.core.parsers.detect._COMBINED_MAX", 5)
    monkeypatch.setattr("streams.core.parsers.detect._SHAPES_MAX", 4)
    forgetful = Detection(PARSERS)
    for line in damaged_lines(seed=3, number=3_000):
        assert forgetful.read(line, text.PARSER)[0].name == in_turn(line)


@pytest.mark.parametrize("name", DETECTED)
@given(data=st.data())
def test_a_signature_is_never_left_out_for_bytes_that_it_can_match(name: str, data: st.DataObject):
    signature = DETECTED[name].signature
    line = data.draw(st.from_regex(re.compile(signature, re.DOTALL)))
    match = BEGINS[name](line)
    if match is None:  # found further in
        return
    size = max(PLACES) + 1
    head = line[:size].ljust(size, b"\0")
    assert any(all(way[place] >> head[place] & 1 for place in range(size)) for way in beginnings(signature, size))

    shape = [sum(1 << each for each in range(256) if kind_of(each) == kind_of(byte)) for byte in line]
    assert may_begin(signature, shape)


@pytest.mark.parametrize("name", DETECTED)
def test_a_signature_has_no_groups_and_says_how_a_line_begins(name: str):
    signature = DETECTED[name].signature
    assert re.compile(signature).groups == 0
    assert all(way[0] != ANYTHING for way in beginnings(signature, 1))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (rb"ab", [("a", "b", None)]),
        (rb"(?:ab|c)d", [("a", "b", "d"), ("c", "d", None)]),
        (rb"\[?a", [("a", None, None), ("[", "a", None)]),
        (rb"a{1,2}b", [("a", "ab", None)]),
        (rb"a*+b", [("ab", None, None)]),
        (rb"(?>ab|a)c", [("a", "bc", None)]),
        (rb"(?=xy)a(?!b)", [("a", None, None)]),
        (rb"[^b-\xff]?+a", [("a", None, None), ("".join(map(chr, range(ord("b")))), "a", None)]),
        (rb"(?P<q>a)(?P=q)c", [("a", None, None)]),
        (rb"(?i:a)b", [(None, None, None)]),
        (rb"(?i)ab", [(None, None, None)]),
        (rb"$", [(None, None, None)]),
    ],
)
def test_the_bytes_that_may_stand_where(pattern: bytes, expected: list[tuple[str | None, ...]]):
    sets = [
        [ANYTHING if each is None else sum(1 << byte for byte in each.encode("latin-1")) for each in way]
        for way in expected
    ]
    assert beginnings(pattern, 3) == sets


@pytest.mark.parametrize(
    "piece",
    [
        b" ",
        b"a",
        b"1",
        b'"',
        b"[",
        b"] ",
        b"=",
        b"a=b ",
        b'a="',
        b"\x1b[0m",
        b"\x1b[",
        b": ",
        b"{",
        b" - ",
        b"a.",
        b"\n",
    ],
)
def test_a_mebibyte_is_of_some_format_in_three_seconds(piece: bytes):
    drawn = random.Random(4)
    for begin in (b"", *drawn.sample(golden_lines(), 12)):
        line = begin[: drawn.choice((20, 40, len(begin)))] + piece * (MEBIBYTE // len(piece))
        begun = time.process_time()
        parser, found = DETECTION.read(line, text.PARSER)
        parser.severity(found)
        parser.fields(line, found)
        assert time.process_time() - begun < 3, begin


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        (b"a", True),
        (b"ab", True),
        (b"abx", False),
        (b"b", False),
        (b"c1", True),
        (b"c1x", True),
        (b"cx", False),
        (b"", True),
    ],
)
def test_what_a_line_may_begin_with(line: bytes, begins: bool):
    assert may_begin(rb"(?:ab{1,2}(?=c)c|c\d)", [1 << byte for byte in line]) is begins


@pytest.mark.parametrize(
    ("pattern", "has"),
    [(rb"a\[", True), (rb"[\[]?b", False), (rb"\[*", False), (rb"a|\[", False), (rb"(?:a\[)b", True)],
)
def test_what_every_match_has_in_it(pattern: bytes, has: bool):
    assert always_has(pattern, b"[") is has
