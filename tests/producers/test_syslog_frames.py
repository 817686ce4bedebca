"""Syslog messages are told apart by their bytes alone, and none of their bytes is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.syslog.frames import Frames, counted, pieces
from tests.producers.syslog_messages import messages_in

LIMIT = 16

counts = [b"5 <1>ab", b"7 ", b"12 <13>", b"1", b"0", b"999999999 <", b"1234567890 <"]
texts = [b"<14>", b"<", b" ", b"\n", b"\0", b"\r\n", b"text", "ä€😀".encode(), b"\x80\x80\x80\x80\x80", b"x" * 20]
parts = st.sampled_from([*counts, *texts])
streams = st.one_of(st.lists(parts, max_size=12).map(b"".join), st.binary(max_size=80))


def framed(*blocks: bytes, limit: int = LIMIT) -> list[bytes]:
    frames = Frames(limit)
    return [message for block in blocks for message in frames.feed(block)] + frames.finish()


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"<13>one\n<13>two\n", [b"<13>one", b"<13>two"]),
        (b"<13>one\0<13>two\0", [b"<13>one", b"<13>two"]),
        (b"<13>one\n\0\n<13>two", [b"<13>one", b"<13>two"]),
        (b"7 <13>one8 <13>\none", [b"<13>one", b"<13>\none"]),
        (b"8 <13>one\n8 <13>two\n", [b"<13>one\n", b"<13>two\n"]),
        (b"7 <13>one\n7 <13>two\n", [b"<13>one", b"<13>two"]),
        (b"7 <13>one3 two", [b"<13>one", b"two"]),
        (b"<13>one\n7 <13>two<13>three\n", [b"<13>one", b"<13>two", b"<13>three"]),
        (b"7 <13>one<13>two\n3 men\n", [b"<13>one", b"<13>two", b"3 men"]),
        (b"3 men in a boat\n", [b"3 men in a boat"]),
        (b"2026 was\n12:00 noon\n", [b"2026 was", b"12:00 noon"]),
        (b"0 <13>\n", [b"0 <13>"]),
        (b"9 <13>half", [b"<13>half"]),
        (b"12", [b"12"]),
        (b"1234567890 <1>\n", [b"1234567890 <1>"]),
        (b"", []),
    ],
)
def test_each_message_tells_how_it_is_delimited(stream, expected):
    assert framed(stream) == expected


@given(streams, st.data())
def test_messages_do_not_depend_on_how_the_bytes_were_split(stream, data):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    blocks = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole, split = Frames(LIMIT), Frames(LIMIT)
    expected = whole.feed(stream) + whole.finish()
    assert [message for block in blocks for message in split.feed(block)] + split.finish() == expected
    assert split.split_messages == whole.split_messages


@given(streams)
def test_messages_are_neither_empty_nor_longer_than_allowed(stream):
    assert all(0 < len(message) <= LIMIT for message in framed(stream))


@given(streams)
def test_nothing_but_counts_and_trailers_is_missing(stream):
    at = 0
    for message in framed(stream):
        found = stream.find(message, at)
        assert found >= 0
        assert set(stream[at:found]) <= set(b"0123456789 \n\0")
        at = found + len(message)
    assert set(stream[at:]) <= set(b"0123456789 \n\0")


@given(st.lists(st.binary(min_size=1, max_size=LIMIT).map(lambda text: b"<" + text[1:]), max_size=8))
def test_counted_messages_are_kept_to_the_byte(messages):
    assert framed(b"".join(map(counted, messages))) == messages


@given(st.lists(st.text("<13>ab c", min_size=1, max_size=LIMIT).map(lambda text: "<" + text[1:]), max_size=8))
def test_lines_are_messages(texts):
    messages = [text.encode() for text in texts]
    assert framed(b"".join(message + b"\n" for message in messages)) == messages


@given(streams)
def test_memory_holds_one_message(stream):
    frames = Frames(LIMIT)
    for byte in stream * 3:
        frames.feed(bytes([byte]))
        assert len(frames._rest) <= LIMIT


def test_a_long_message_comes_in_pieces_that_cut_no_character():
    text = "<13>" + "€" * 10
    stream = text.encode() + b"\n"
    assert framed(stream) == ["<13>€€€€".encode(), "€€€€€".encode(), "€".encode()]
    assert framed(counted(text.encode()) + b"\n<1>x\n") == [
        "<13>€€€€".encode(),
        "€€€€€".encode(),
        "€".encode(),
        b"<1>x",
    ]
    frames = Frames(LIMIT)
    frames.feed(stream + stream)
    assert frames.split_messages == 2


def test_a_message_as_long_as_allowed_is_whole():
    message = b"<13>" + b"x" * (LIMIT - 4)
    frames = Frames(LIMIT)
    assert frames.feed(message + b"\n" + counted(message)) == [message, message]
    assert frames.split_messages == 0


@given(st.binary(max_size=60), st.integers(4, 20))
def test_pieces_make_up_the_message(message, limit):
    found = pieces(message, limit)
    assert b"".join(found) == message
    assert all(len(piece) <= limit for piece in found)
    assert len(found) == 1 or all(found)


@given(st.lists(st.binary(min_size=1, max_size=40)))
def test_a_payload_gives_back_its_messages(messages):
    assert messages_in(b"".join(map(counted, messages))) == messages
