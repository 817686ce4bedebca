"""Long texts in pieces that a destination takes."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from sinks.core.text import encoded


def pieces(text: bytes, most: int) -> Iterator[bytes]:
    """A text in UTF-8 in pieces of ``most`` bytes (4 at least), divided between characters."""
    begin = 0
    while begin < len(text):
        end = min(begin + most, len(text))
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        yield text[begin:end]
        begin = end


def json_pieces(text: str, most: int) -> Iterator[str]:
    """A text in pieces of ``most`` bytes (6 at least), counted as they stand in JSON, without the quotes."""
    for raw in pieces(encoded(text), most):
        piece = raw.decode()
        if len(orjson.dumps(piece)) - 2 <= most:
            yield piece
        else:
            middle = len(piece) // 2
            yield from json_pieces(piece[:middle], most)
            yield from json_pieces(piece[middle:], most)
