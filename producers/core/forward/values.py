"""A connection's bytes to MessagePack values, and what their first bytes tell (github.com/msgpack/msgpack, spec.md).

Values are skipped over, never decoded: what a client may nest or declare costs no memory beyond the bytes that it
really sent.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

import msgpack

READ_MAX_BYTES: Final = 64 * 1024
"""What is read, and fed to MessagePack's decoder, at a time."""

Reason: TypeAlias = Literal[
    "malformed", "too_large", "cut_off", "not_logs", "compression", "authentication", "too_slow"
]  # fmt: skip


class Refusal(NamedTuple):
    """Why a connection is closed: a reason to count by, and what to tell a person."""

    reason: Reason
    detail: str


class ValueStream:
    """Cuts what arrives into MessagePack values."""

    def __init__(self, value_max_bytes: int) -> None:
        self._max = value_max_bytes
        self._data = bytearray()
        self._start = 0
        """Where the first value that was not returned yet begins, in ``_data``."""
        self._begin()

    def _begin(self) -> None:
        self._unpacker = msgpack.Unpacker(
            max_buffer_size=self._max + 2 * READ_MAX_BYTES, read_size=min(self._max, READ_MAX_BYTES)
        )
        self._origin = self._start
        """Where the decoder's own position 0 lies in ``_data``."""
        self._peak = 0

    @property
    def pending(self) -> int:
        """Bytes that arrived and are not returned."""
        return len(self._data) - self._start

    def feed(self, data: bytes) -> None:
        """Take at most READ_MAX_BYTES, when `next_value` had nothing more."""
        del self._data[: self._start]
        self._origin -= self._start
        self._start = 0
        if not self._data and self._peak > 4 * READ_MAX_BYTES:
            self._origin = 0
            self._begin()  # the decoder would keep its largest buffer for as long as the connection lives
        self._data += data
        self._unpacker.feed(data)
        self._peak = max(self._peak, len(self._data))

    def next_value(self, max_bytes: int | None = None) -> bytes | Refusal | None:
        """The next value as it came; None: it has not come whole. ``max_bytes``: a limit below the stream's own."""
        limit = self._max if max_bytes is None else min(max_bytes, self._max)
        if not self.pending:
            return None
        if refusal := _not_a_value(self._data[self._start]):
            return refusal
        try:
            self._unpacker.skip()
        except msgpack.OutOfData:
            return _too_large(limit) if self.pending > limit else None
        except msgpack.UnpackException:
            return Refusal("malformed", "what it sent is no MessagePack, or nested beyond reason")
        end = self._unpacker.tell() + self._origin
        if end - self._start > limit:
            return _too_large(limit)
        value = bytes(memoryview(self._data)[self._start : end])
        self._start = end
        return value

    def more_like(self, value: bytes) -> list[bytes]:
        """Entries of the messages that come next, are whole, and have the tag of ``value`` and no option.

        For Docker and most loggers, which send a message for each line: this costs a quarter of taking each by itself.
        """
        head = _head(value)
        found: list[bytes] = []
        try:
            clean = self._take_like(head, head[0] == 0x94, found)
        except (msgpack.UnpackException, IndexError):
            clean = False
        if not clean:  # the decoder stands within a value that is not whole, or that is something else
            self._begin()
            self._unpacker.feed(bytes(self._data[self._start :]))
        return found

    def _take_like(self, head: bytes, has_option: bool, found: list[bytes]) -> bool:  # noqa: FBT001 - our own
        """Append to ``found``; returns whether the decoder stands between two values. May raise where it does not."""
        data, unpacker, begin = self._data, self._unpacker, len(head)
        skip = unpacker.skip
        while data.startswith(head, self._start):
            if not may_be_a_time(data[self._start + begin]):
                return False
            unpacker.read_array_header()
            skip()  # tag
            skip()  # time
            skip()  # record
            end = unpacker.tell() + self._origin
            entry = b"\x92" + data[self._start + begin : end]
            if has_option:
                if data[end] not in (0x80, 0xC0):
                    return False
                skip()
                end += 1
            found.append(entry)
            self._start = end
        return True


def _head(value: bytes) -> bytes:
    """A request up to the end of its tag."""
    tag = text(value, array_header(value)[1])
    assert tag is not None  # it was parsed before
    return value[: tag.end]


def _too_large(limit: int) -> Refusal:
    return Refusal("too_large", f"a request has more than {limit} bytes: have the client send smaller chunks")


_FOREIGN: Final = {
    0x16: "it speaks TLS, and this address does not: switch one of them over",
    ord("["): "it sends JSON: have it send MessagePack, as the forward protocol's version 1 does",
    ord("{"): "it sends JSON: have it send MessagePack, as the forward protocol's version 1 does",
    ord("G"): "it seems to speak HTTP",
    ord("P"): "it seems to speak HTTP",
    ord("<"): "it seems to speak syslog",
}


def _not_a_value(first: int) -> Refusal | None:
    """Only arrays and nil may come; anything else is another protocol, or we have lost the thread."""
    if is_array(first) or first == 0xC0:
        return None
    return Refusal("malformed", _FOREIGN.get(first, "what it sent is no request of the forward protocol"))


# -- MessagePack's formats (github.com/msgpack/msgpack, spec.md) -------------------------------------------------------


class Span(NamedTuple):
    """A part of a value."""

    start: int
    end: int


def is_array(first: int) -> bool:
    """Whether a value is an array, by its first byte."""
    return 0x90 <= first <= 0x9F or first in (0xDC, 0xDD)


def may_be_a_time(first: int) -> bool:
    """An integer, a float, nil, or an extension (EventTime, in 8 bytes, is type 0)."""
    return first < 0x80 or first >= 0xE0 or first == 0xC0 or 0xC7 <= first <= 0xD8


_ARRAY_HEADS: Final = {0xDC: 3, 0xDD: 5}
_TEXT_HEADS: Final = {0xC4: 2, 0xC5: 3, 0xC6: 5, 0xD9: 2, 0xDA: 3, 0xDB: 5}
"""First byte -> length of the head: itself and the length, big-endian. bin 8, 16, 32; str 8, 16, 32."""


def array_header(value: bytes, position: int = 0) -> tuple[int, int]:
    """Number of elements of an array that is whole, and where they begin."""
    first = value[position]
    if first not in _ARRAY_HEADS:
        return first & 0x0F, position + 1
    begin = position + _ARRAY_HEADS[first]
    return int.from_bytes(value[position + 1 : begin], "big"), begin


def text(value: bytes, position: int) -> Span | None:
    """Where the content of a str or bin lies that is whole; None when it is neither."""
    first = value[position]
    if 0xA0 <= first <= 0xBF:
        return Span(position + 1, position + 1 + (first & 0x1F))
    if first not in _TEXT_HEADS:
        return None
    begin = position + _TEXT_HEADS[first]
    return Span(begin, begin + int.from_bytes(value[position + 1 : begin], "big"))


def end_of(value: bytes, position: int, count: int) -> int:
    """Where ``count`` elements end that begin at ``position``. The value is known to be whole."""
    rest = memoryview(value)[position:]
    unpacker = msgpack.Unpacker(max_buffer_size=len(rest), read_size=min(len(rest), 256))
    unpacker.feed(rest)
    for _ in range(count):
        unpacker.skip()
    return position + int(unpacker.tell())
