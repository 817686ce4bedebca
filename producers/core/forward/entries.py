"""Entries of a request to payloads of chunks: unpacked, checked to be whole, cut between entries where many."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

import msgpack

from producers.core.forward.messages import Request
from producers.core.forward.values import READ_MAX_BYTES, Refusal, is_array

_GZIP: Final = 16 + zlib.MAX_WBITS

_WINDOW_BYTES: Final = 16 * 1024
"""Compressed bytes given to zlib at a time. It copies what lies behind the end of a gzip member, and Fluentd writes a
member for each append to its buffer: given everything, it would copy everything for every record."""


class Piece(NamedTuple):
    """Whole entries, one after another."""

    payload: bytes
    records: int


def gunzip(data: bytes, max_bytes: int) -> bytes | Refusal:
    """Content of one or more gzip members (RFC 1952), at most ``max_bytes``."""
    view = memoryview(data)
    content = bytearray()
    position = 0
    try:
        while position < len(view):
            member = zlib.decompressobj(_GZIP)
            while not member.eof:
                window = view[position : position + _WINDOW_BYTES]
                if not window:
                    return Refusal("compression", "the end of gzipped entries is missing")
                content += member.decompress(window, max_bytes - len(content) + 1)
                if len(content) > max_bytes:
                    return Refusal("too_large", f"gzipped entries have more than {max_bytes} bytes when unpacked")
                position += len(window) - len(member.unused_data) - len(member.unconsumed_tail)
    except zlib.error as error:
        return Refusal("compression", f"gzipped entries are damaged: {error}")
    return bytes(content)


def pieces(entries: bytes, chunk_max_bytes: int, entry_max_bytes: int) -> list[Piece] | Refusal:
    """Cut entries into pieces of at most ``chunk_max_bytes``; an entry that is longer is a piece of its own."""
    cuts = _cuts(entries, chunk_max_bytes, entry_max_bytes)
    if isinstance(cuts, Refusal):
        return cuts
    if len(cuts) == 1:
        return [Piece(entries, cuts[0].records)]
    return [Piece(entries[cut.start : cut.end], cut.records) for cut in cuts]


class _Cut(NamedTuple):
    start: int
    end: int
    records: int


def _cuts(entries: bytes, chunk_max_bytes: int, entry_max_bytes: int) -> list[_Cut] | Refusal:
    cuts: list[_Cut] = []
    start = last = records = 0
    for end in _ends(entries):
        if end - start > chunk_max_bytes and records:
            cuts.append(_Cut(start, last, records))
            start, records = last, 0
        if end - last > entry_max_bytes:
            return Refusal("too_large", f"an entry has more than {entry_max_bytes} bytes")
        last = end
        records += 1
    if last != len(entries):
        return Refusal("malformed", f"what stands at byte {last} of its entries is no whole MessagePack array")
    return [*cuts, _Cut(start, last, records)] if records else cuts


def _ends(entries: bytes) -> Iterator[int]:
    """Where each entry ends, up to the first that is not whole or no array.

    The only work that this input does for a record, so it is one loop: 0.2 µs each.
    """
    view = memoryview(entries)
    unpacker = msgpack.Unpacker(max_buffer_size=len(entries) + READ_MAX_BYTES, read_size=READ_MAX_BYTES)
    skip, tell = unpacker.skip, unpacker.tell
    begin = 0
    for position in range(0, len(entries), READ_MAX_BYTES):
        unpacker.feed(view[position : position + READ_MAX_BYTES])
        try:
            while True:
                skip()
                if not is_array(entries[begin]):
                    return
                begin = tell()
                yield begin
        except msgpack.OutOfData:
            continue
        except msgpack.UnpackException:
            return


@dataclass(frozen=True, slots=True)
class EntryLimits:
    """How large entries may be, in bytes."""

    decompressed_max_bytes: int
    """All of a gzipped request."""
    chunk_max_bytes: int
    """What is cut goes into chunks of this."""
    entry_max_bytes: int
    """A single one."""


class Entries(NamedTuple):
    """The entries of a request, ready to be sent."""

    pieces: list[Piece]
    digest: bytes
    """Of all of them, however they are cut; empty where nobody needs it."""


def entries_of(request: Request, limits: EntryLimits) -> Entries | Refusal:
    """Unpack, check and cut the entries of a request."""
    if request.single and len(request.entries) <= limits.chunk_max_bytes:
        cut: list[Piece] | Refusal = [Piece(request.entries, 1)]
    else:
        content = gunzip(request.entries, limits.decompressed_max_bytes) if request.gzipped else request.entries
        if isinstance(content, Refusal):
            return content
        cut = pieces(content, limits.chunk_max_bytes, limits.entry_max_bytes)
    if isinstance(cut, Refusal):
        return cut
    return Entries(cut, b"" if request.chunk is None else _digest(cut))


def _digest(cut: list[Piece]) -> bytes:
    digest = sha256()
    for piece in cut:
        digest.update(piece.payload)
    return digest.digest()


def grouped(gathered: list[tuple[bytes, Piece]], chunk_max_bytes: int) -> list[tuple[bytes, Piece]]:
    """Join neighbours of one tag, as far as they fit into a chunk."""
    groups: list[tuple[bytes, list[Piece]]] = []
    size = 0
    for tag, piece in gathered:
        size += len(piece.payload)
        if groups and groups[-1][0] == tag and size <= chunk_max_bytes:
            groups[-1][1].append(piece)
        else:
            groups.append((tag, [piece]))
            size = len(piece.payload)
    return [(tag, _joined(each)) for tag, each in groups]


def _joined(each: list[Piece]) -> Piece:
    if len(each) == 1:
        return each[0]
    return Piece(b"".join(piece.payload for piece in each), sum(piece.records for piece in each))
