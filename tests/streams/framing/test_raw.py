"""Lines of any text, in any encoding."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from producers.core.files.cut import LineEnd
from streams.core import process
from tests.streams.framing.chunks import OBSERVED, Outcome, chunk, only, outcome_of
from tests.streams.replay import RAW, read_back, run_with_crashes
from tests.streams.source import LONG_LINE_BYTES, RECORD_MAX_BYTES


@pytest.fixture(autouse=True, scope="module")
def _short_lines_are_long() -> Iterator[None]:
    with mock.patch.object(process, "LONG_LINE_BYTES", LONG_LINE_BYTES):
        yield


def read(content: bytes, encoding: str | None = None) -> Outcome:
    return outcome_of(chunk("raw", content, source_encoding=encoding, ended=True))


def test_a_line_has_the_time_of_its_reading_and_no_stream() -> None:
    record = only("raw", b"time=2020-01-01T00:00:00Z level=warn msg=low\n")
    assert (record["timestamp"], record["stream"], record["severity_number"], record["offset"]) == (
        OBSERVED, None, 13, 0,
    )  # fmt: skip


def test_line_ends_of_either_kind_belong_to_no_record_and_empty_lines_are_records() -> None:
    found = read(b"one\r\n\ntwo\r\r\n\r\nlast")
    assert found.bodies() == ["one", "", "two\r", "", "last"]
    assert [record["offset"] for record in found.records] == [0, 5, 6, 12, 14]
    assert found.records[-1]["flags"] == ["unterminated"]


def test_bytes_that_are_not_utf_8_stand_as_hexadecimal_and_are_flagged() -> None:
    record = only("raw", b"caf\xe9\n")
    assert (record["body"], record["flags"]) == ("caf\\xe9", ["invalid_utf8"])


def test_json_is_read_as_on_any_line() -> None:
    record = only("raw", b'\xef\xbb\xbf{"level":"error","msg":"no","n":1}\r\n')
    assert (record["body"], record["severity_number"], record["attributes"]) == ("no", 17, {"n": 1})


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "UTF-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf_32_le",
        "utf-32-be",
        "gb18030",
        "utf-7",
    ],
)
def test_text_comes_out_of_every_encoding_as_it_was_put_in(encoding: str) -> None:
    lines = ["plain", "", "äöü € 上", "\u0a0a\u0a00\u010a\u000b", "\U0001f600 tail\r", "last"]
    assert read("\r\n".join(lines).encode(encoding), encoding).bodies() == lines


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "é ü"),
        ("cp1252", "\u20ac \u201cquoted\u201d"),
        ("shift_jis", "ソ表 テスト"),
        ("euc-kr", "한국어"),
        ("koi8-r", "Привет"),
    ],
)
def test_text_comes_out_of_encodings_of_one_language(encoding: str, text: str) -> None:
    record = only("raw", text.encode(encoding) + b"\n", source_encoding=encoding)
    assert (record["body"], record["flags"]) == (text, [])


@pytest.mark.parametrize("mark", [b"", b"\xff\xfe", b"\xfe\xff"])
def test_a_byte_order_mark_tells_the_order_and_is_no_text(mark: bytes) -> None:
    order = "utf-16-be" if mark == b"\xfe\xff" else "utf-16-le"
    assert read(mark + "上\nx\n".encode(order), "utf-16").bodies() == ["上", "x"]


def test_without_its_mark_the_order_is_known_by_the_first_line_end() -> None:
    content = "ab\ncd\n".encode("utf-16-be")
    assert outcome_of(chunk("raw", content, 100, source_encoding="utf-16")).bodies() == ["ab", "cd"]


@pytest.mark.parametrize(
    ("encoding", "raw", "body"),
    [
        ("cp1252", b"a\x81b", "a\\x81b"), ("shift_jis", b"a\xfd", "a\\xfd"), ("ascii", b"\xe9", "\\xe9"),
        ("utf-16-le", b"a\x00\x3d\xd8b\x00", "a\\x3d\\xd8b"), ("idna", b"xn--\xff", "xn--\\xff"),
    ],
)  # fmt: skip
def test_what_an_encoding_does_not_have_stands_as_hexadecimal_and_is_flagged(
    encoding: str, raw: bytes, body: str
) -> None:
    newline = LineEnd(encoding).mark
    record = only("raw", raw + newline, source_encoding=encoding)
    assert (record["body"], record["flags"]) == (body, ["invalid_utf8"])


@pytest.mark.parametrize("encoding", ["no-such", "hex", "rot13", "undefined", "", "\0"])
def test_an_encoding_that_nobody_knows_makes_the_chunk_a_dead_letter(encoding: str) -> None:
    found = outcome_of(chunk("raw", b"one\n", source_encoding=encoding))
    assert [(each["reason"], each["original"]) for each in found.letters] == [("unsupported_framing", b"one\n")]


def test_a_chunk_inside_a_line_that_was_finished_before_begins_with_the_next_line() -> None:
    resumed = {"inside_line": True, "open_streams": {}}
    content = "rest\nnext\n".encode("utf-16-le")
    assert outcome_of(chunk("raw", content, 10, source_encoding="utf-16-le", resumed=resumed)).bodies() == ["next"]


def test_half_a_character_at_the_end_of_a_chunk_waits_for_the_other_half() -> None:
    content = "上\nx\n".encode("utf-16-le")
    for cut in range(1, len(content)):
        chunks = [
            chunk("raw", content[a:b], a, source_encoding="utf-16-le") for a, b in ((0, cut), (cut, len(content)))
        ]
        assert outcome_of(*chunks).bodies() == ["上", "x"]


def test_a_file_that_ends_within_a_character_loses_no_byte() -> None:
    found = read("one\ntw".encode("utf-16-le") + b"\x0a", "utf-16-le")
    assert (found.bodies(), found.records[1]["flags"]) == (["one", "tw\\x0a"], ["invalid_utf8", "unterminated"])


# -- chunks cut anywhere, workers that lose everything --------------------------------------------------------------

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "latin-1", "shift_jis", "gb18030", "utf-7")
texts = (
    st.text(max_size=12)
    | st.sampled_from(
        ["", "\r", "x\r", "é" * 700, "y" * 900 + "\r", "上" * 500, '{"level":"info","msg":"m"}', "\U0001f600" * 300]
    )
    | st.integers(0, 500).map(lambda size: "z" * size + "é")
)
junk = st.binary(max_size=6)


@st.composite
def contents(draw: st.DrawFn) -> tuple[str, bytes]:
    """An encoding and a file in it, with some bytes that do not belong there."""
    encoding = draw(st.sampled_from(ENCODINGS))
    width = LineEnd(encoding).width
    content = b""
    for text in draw(st.lists(texts, min_size=1, max_size=5)):
        odd = draw(junk) if draw(st.integers(0, 3)) == 0 else b""
        content += text.encode(encoding, "ignore") + odd + b"\0" * (-len(odd) % width) + LineEnd(encoding).mark
    return encoding, content[: -width if draw(st.booleans()) else None] or b"x" * width


@st.composite
def cut(draw: st.DrawFn, encoding: str, content: bytes) -> list[bytes]:
    line_end = LineEnd(encoding)
    anywhere = st.integers(1, len(content) // line_end.width or 1).map(lambda units: units * line_end.width)
    ends = sorted({*draw(st.lists(anywhere, max_size=4)), len(content)})
    chunks = []
    for begin, end in zip([0, *ends], ends, strict=False):
        resumed = {"inside_line": begin > 0 and line_end.last(content[:begin]) != begin, "open_streams": {}}
        last = end == len(content)
        chunks.append(chunk("raw", content[begin:end], begin, source_encoding=encoding, resumed=resumed, ended=last))
    return [RAW.encode(each) for each in chunks]


@given(st.data(), contents())
def test_however_a_file_is_cut_and_whoever_crashes_the_records_are_the_same(
    data: st.DataObject, file: tuple[str, bytes]
) -> None:
    encoding, content = file
    reading = run_with_crashes(data, data.draw(cut(encoding, content))).reading
    assert reading == read_back(read(content, encoding).worker.client.kept)
    assert reading.letters == set()


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5), st.sampled_from(ENCODINGS))
@example(["é" * 1000 + "\r", "b"], "utf-16-le")
def test_the_records_put_together_are_the_text(lines: list[str], encoding: str) -> None:
    kept = [text.encode(encoding, "ignore").decode(encoding).replace("\n", "").replace("\ufeff", "") for text in lines]
    kept = [text.removesuffix("\r") for text in kept]
    content = "".join(text + "\r\n" for text in kept).encode(encoding)
    found = read(content, encoding)
    assert "".join(record["original"] or record["body"] for record in found.records) == "".join(kept)
    assert all(len(record["body"].encode()) <= RECORD_MAX_BYTES for record in found.records)


def in_pieces(encoding: str, *pieces: bytes) -> Outcome:
    """A file in chunks of these bytes."""
    begins = [sum(map(len, pieces[:number])) for number in range(len(pieces))]
    return outcome_of(
        *(
            chunk("raw", piece, begin, source_encoding=encoding, ended=piece is pieces[-1])
            for piece, begin in zip(pieces, begins, strict=True)
        )
    )


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_line_end_that_is_cut_in_two_behind_a_long_line_is_no_text(encoding: str) -> None:
    found = in_pieces(encoding, b"y" * 900 + b"\r", b"\nnext\n")
    assert ("".join(found.bodies()[:-1]), found.bodies()[-1]) == ("y" * 900, "next")
    found = in_pieces(encoding, b"y" * 900 + b"\r", b"y\n")
    assert "".join(found.bodies()) == "y" * 900 + "\ry"


def test_bytes_of_two_characters_that_look_like_a_line_end_are_none() -> None:
    rest = "\u0a41\u0100b\nnext\n"
    assert in_pieces("utf-16-le", "a".encode("utf-16-le"), rest.encode("utf-16-le")).bodies() == [
        "a\u0a41\u0100b",
        "next",
    ]


def test_a_character_of_a_long_line_that_is_cut_in_two_is_whole_though_an_undecodable_byte_follows() -> None:
    found = in_pieces("shift_jis", b"z" * 450 + b"\x82", b"\xa0\xfdz\nnext\n")
    assert "".join(found.bodies()[:-1]) == "z" * 450 + "あ\\xfdz"
    assert [record["flags"] for record in found.records[-2:]] == [["split", "invalid_utf8"], []]


def test_the_end_of_a_file_ends_a_long_line_with_all_its_flags() -> None:
    found = in_pieces("shift_jis", b"z" * 450 + b"\xfd", b"\x82")
    assert "".join(found.bodies()) == "z" * 450 + "\\xfd\\x82"
    assert found.records[-1]["flags"] == ["split", "invalid_utf8", "unterminated"]


def test_missing_bytes_leave_a_long_line_as_it_is() -> None:
    first = chunk("raw", b"z" * 450 + b"\r", source_encoding="latin-1")
    found = outcome_of(first, chunk("raw", b"next\n", 1000, source_encoding="latin-1"))
    assert ("".join(found.bodies()[:-1]), found.bodies()[-1]) == ("z" * 450, "next")
    assert found.records[-2]["flags"] == ["split", "incomplete"]
