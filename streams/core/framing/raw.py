r"""Framing ``raw``: lines of text, in UTF-8 or in the encoding that the source declares.

A line's time is that at which its chunk was read; no stream is told. ``\n`` and ``\r\n`` end a line and belong to no
record; an empty line is an empty record; a byte order mark at a line's beginning is no part of its text. What cannot be
decoded stands as ``\xNN``, flagged invalid_utf8 (in another encoding than UTF-8: on the last record of its line).

In UTF-16 and UTF-32 a line feed is two or four bytes and begins at a multiple of that in the file; half a character at
the end of a chunk waits for the next one. Without a declared byte order (``utf-16``) a byte order mark tells it, else
the first line feed in the chunk, else it is little-endian, as the producer takes it. Every other encoding is decoded
from a line's beginning, which suits all in which the byte 0A is a line feed and nothing else: not EBCDIC.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from streams.core.framing.line import Line, LineFraming, LongLine

_BOM: Final = "\ufeff"
_BOM_UTF8: Final = codecs.BOM_UTF8
_WIDTHS: Final = {"utf-16": 2, "utf-32": 4}
_HEADER: Final = Line(b"", b"", False, b"")  # noqa: FBT003 - a field of a tuple
_INVALID: Final = ("invalid_utf8",)
_COMPLAINT: Final = "not a line of text"


def framing_of(chunk: Mapping[str, Any]) -> LineFraming | None:
    """The framing for the encoding that a chunk's source declares; None: nobody knows that encoding."""
    declared = chunk["source"].get("encoding")
    if declared is None:
        return FRAMING
    name = _known_name(declared)
    if name in ("utf-8", "utf-8-sig"):
        return FRAMING
    if name in _WIDTHS:
        name += _byte_order(name, chunk["payload"], chunk["offset"])
    return None if name is None else _encoded(name)


@lru_cache(maxsize=1024)
def _known_name(declared: str) -> str | None:
    """Python's name of an encoding of text; None when there is none, or it is none of text."""
    try:
        "".encode(declared)
        return codecs.lookup(declared).name.replace("_", "-")
    except (LookupError, ValueError):
        return None


def _byte_order(name: str, payload: bytes, offset: int) -> str:
    """``-le`` or ``-be``, by what a chunk's bytes tell."""
    width = _WIDTHS[name]
    payload = payload[-offset % width :]
    if offset == 0:
        for order in ("-le", "-be"):
            if payload.startswith(_BOM.encode(name + order)):
                return order
    ends = {order: _first_line_end(payload, name + order) for order in ("-le", "-be")}
    return "-be" if ends["-be"] >= 0 and not 0 <= ends["-le"] < ends["-be"] else "-le"


def _first_line_end(payload: bytes, encoding: str) -> int:
    return LineFraming(_parse_utf8, _begin_utf8, _COMPLAINT, newline="\n".encode(encoding)).line_end(payload)


# -- UTF-8: bytes are passed on as they are --------------------------------------------------------------------------


def _parse_utf8(line: bytes) -> Line:
    if line[-1:] == b"\r":
        line = line[:-1]
    return Line(b"", b"", False, line.removeprefix(_BOM_UTF8))  # noqa: FBT003 - a field of a tuple


def _begin_utf8(content: bytes) -> tuple[Line, LongLine]:
    pieces = _Utf8Pieces()
    first = pieces.decode(content.removeprefix(_BOM_UTF8), final=False)
    return _HEADER._replace(content=first), LongLine(_HEADER, pieces)


class _Utf8Pieces:
    flags: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._held = b""
        """A carriage return, as long as a line feed may follow."""

    def decode(self, piece: bytes, *, final: bool) -> bytes:  # noqa: ARG002 - by the protocol
        whole = self._held + piece
        self._held = b"\r" if whole[-1:] == b"\r" else b""
        return whole[:-1] if self._held else whole


FRAMING: Final = LineFraming(_parse_utf8, _begin_utf8, _COMPLAINT)


# -- any other encoding: UTF-8 is made of it, line by line -----------------------------------------------------------


@lru_cache(maxsize=64)
def _encoded(encoding: str) -> LineFraming:
    def parse(line: bytes) -> Line:
        flags: tuple[str, ...] = ()
        try:
            content = line.decode(encoding).removesuffix("\r").encode("utf-8", "backslashreplace")
        except ValueError:
            pieces = _EncodedPieces(encoding)
            content, flags = pieces.decode(line, final=True), pieces.flags
        return Line(b"", b"", False, content.removeprefix(_BOM_UTF8), flags)  # noqa: FBT003 - a field of a tuple

    def begin(content: bytes) -> tuple[Line, LongLine]:
        pieces = _EncodedPieces(encoding)
        first = pieces.decode(content, final=False).removeprefix(_BOM_UTF8)
        return _HEADER._replace(content=first), LongLine(_HEADER, pieces)

    newline = "\n".encode(encoding) if encoding[:6] in _WIDTHS else b"\n"
    return LineFraming(parse, begin, _COMPLAINT, newline=newline)


class _EncodedPieces:
    """A line's bytes as UTF-8, whatever pieces they come in."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._held = ""
        """A carriage return, as long as a line feed may follow."""
        self.flags: tuple[str, ...] = ()

    def decode(self, piece: bytes, *, final: bool) -> bytes:
        text = self._held + self._text(piece, final=final)
        self._held = "\r" if text[-1:] == "\r" else ""
        return (text[:-1] if self._held else text).encode("utf-8", "backslashreplace")

    def _text(self, piece: bytes, *, final: bool) -> str:
        decoder, before = self._decoder, self._decoder.getstate()
        try:
            return decoder.decode(piece, final)
        except ValueError:
            self.flags = _INVALID
        decoder.setstate(before)
        decoder.errors = "backslashreplace"
        try:
            return decoder.decode(piece, final)
        except ValueError:  # a codec that cannot go on behind an error
            decoder.setstate(before)
            return piece.decode("utf-8", "backslashreplace")
        finally:
            decoder.errors = "strict"
