"""Bodies: taking compression off within a bound, and lines out of JSON.

Compression: gzip (RFC 1952, several members too), deflate (RFC 9110, 8.4.1.2: zlib; bare deflate, which some clients
send under that name, is recognised) and zstd (RFC 8878, windows up to 8 MiB as that recommends).
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Generator, Iterator
from json import JSONDecodeError, JSONDecoder
from typing import Final, Protocol

from producers.core.http.requests import Coding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE_MAX_BYTES: Final = 64 * 1024
"""So much is decompressed at a time."""

_ZSTD_WINDOW_LOG_MAX: Final = 23


class DamagedError(Exception):
    """The compressed bytes are not what they claim to be, or end too early."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Decompression:
    """Takes one coding off, piece by piece."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._stream: _Decompressor | None = None

    def feed(self, compressed: bytes) -> Iterator[bytes]:
        """Pieces of at most PIECE_MAX_BYTES; whoever has enough stops asking. Raises DamagedError."""
        if self._coding == "identity":
            yield compressed
            return
        try:
            yield from self._pieces(compressed)
        except (zlib.error, zstd.ZstdError, EOFError) as error:
            raise DamagedError(str(error)) from error

    def _pieces(self, compressed: bytes) -> Iterator[bytes]:
        rest = compressed
        while rest:
            if self._stream is None:
                self._stream = _START[self._coding](rest)
            stream = self._stream
            while piece := stream.decompress(rest, PIECE_MAX_BYTES):
                rest = getattr(stream, "unconsumed_tail", b"")
                yield piece
                if stream.eof:
                    break
            rest = b""
            if stream.eof:
                rest, self._stream = stream.unused_data, None

    def end(self) -> None:
        """All bytes were fed. Raises DamagedError when more should have come."""
        if self._stream is not None:
            raise DamagedError("the end is missing")


def _deflate(head: bytes) -> _Decompressor:
    """Zlib's header is a multiple of 31 and names method 8 (RFC 1950, 2.2)."""
    is_zlib = head[0] & 0x0F == 8 and (len(head) < 2 or (head[0] << 8 | head[1]) % 31 == 0)
    return zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


def _zstd(_: bytes) -> _Decompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG_MAX})


_START: Final[dict[Coding, Callable[[bytes], _Decompressor]]] = {
    "gzip": lambda _: zlib.decompressobj(zlib.MAX_WBITS | 16),
    "deflate": _deflate,
    "zstd": _zstd,
}


def lines_of(payload: bytes) -> int:
    """Lines in a payload; the last may be without an end."""
    return payload.count(b"\n") + (not payload.endswith(b"\n") and payload != b"")


def cut(body: bytes, chunk_max_bytes: int) -> Iterator[bytes]:
    """A body in pieces of that size, cut at line ends; a longer line is a piece of its own."""
    start = 0
    while len(body) - start > chunk_max_bytes:
        end = body.rfind(b"\n", start, start + chunk_max_bytes) + 1
        end = end or body.find(b"\n", start + chunk_max_bytes) + 1 or len(body)
        yield body[start:end]
        start = end
    if start < len(body):
        yield body[start:]


_JSON: Final = JSONDecoder(parse_int=float)
"""Numbers are not looked at, and ``int`` refuses long ones."""

_SPACE: Final = " \t\r\n"


def json_lines(body: bytes) -> bytes | str:
    """The values of a JSON text, a line each, or what is wrong with it (text).

    The elements of an array are the values; several arrays or values may follow one another. Every value stays as it
    was written, but for line breaks between its parts, which become spaces.
    """
    try:
        return "".join(f"{value}\n" for value in _values(body.decode())).encode()
    except UnicodeDecodeError as error:
        return f"the body is not UTF-8: byte {error.start}"
    except JSONDecodeError as error:
        return f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    except RecursionError:
        return "the body is nested too deeply"


def _values(text: str) -> Iterator[str]:
    position = _skip(text, 0)
    while position < len(text):
        if text[position] == "[":
            position = yield from _elements(text, position)
        else:
            position = yield from _value(text, position)
        position = _skip(text, position)


def _elements(text: str, position: int) -> Generator[str, None, int]:
    """Elements of the array that begins here; returns where it ends."""
    position = _skip(text, position + 1)
    if text[position : position + 1] == "]":
        return position + 1
    while True:
        position = yield from _value(text, position)
        position = _skip(text, position)
        separator, position = text[position : position + 1], position + 1
        if separator == "]":
            return position
        if separator != ",":
            raise JSONDecodeError("expecting ',' or ']'", text, position - 1)
        position = _skip(text, position)


def _value(text: str, position: int) -> Generator[str, None, int]:
    _, end = _JSON.raw_decode(text, position)
    yield text[position:end].replace("\r", " ").replace("\n", " ")
    return end


def _skip(text: str, position: int) -> int:
    while text[position : position + 1] in _SPACE and position < len(text):
        position += 1
    return position
