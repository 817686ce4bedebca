"""Avro object container files (Avro 1.12 specification, "Object Container Files"), value by value as in Kafka.

What is damaged is told, not raised, and the rest is read on behind the next sync marker.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import fastavro
import zstandard

from schemas.codec import single_object_header

MAGIC: Final = b"Obj\x01"
SYNC_BYTES: Final = 16
BLOCK_MAX_BYTES: Final = 64 * 1024 * 1024
"""Unpacked; a block that says it has more is damaged."""
_HEADER: Final = fastavro.parse_schema({"type": "map", "values": "bytes"})


class Value(NamedTuple):
    """One value, with its schema header, and what it says."""

    raw: bytes
    decoded: dict[str, Any]


class Damage(NamedTuple):
    """What could not be read."""

    problem: str
    position: int
    """In the object, in bytes."""


Found: TypeAlias = Value | Damage


def values(data: bytes) -> Iterator[Found]:
    """Everything in an object."""
    header = _read_header(data)
    if isinstance(header, Damage):
        yield header
        return
    schema, unpack, sync, at = header
    while at < len(data):
        block = _read_block(data, at, sync)
        if isinstance(block, Damage):
            yield block
            following = data.find(sync, at)
            if following < 0:
                return
            at = following + SYNC_BYTES
            continue
        count, packed, end = block
        yield from _unpacked(packed, count, at, schema, unpack)
        at = end


class _Schema(NamedTuple):
    writer: Any
    header: bytes
    """Of values in Kafka."""


Unpack: TypeAlias = Callable[[bytes], bytes]


def _read_header(data: bytes) -> tuple[_Schema, Unpack, bytes, int] | Damage:
    if not data.startswith(MAGIC):
        return Damage("it does not begin like an Avro object", 0)
    stream = io.BytesIO(data)
    stream.seek(len(MAGIC))
    try:
        metadata: Any = fastavro.schemaless_reader(stream, _HEADER, None)
        schema = _schema(metadata["avro.schema"].decode())
        unpack = _CODECS[metadata.get("avro.codec", b"null").decode()]
    except Exception as error:  # whatever broken bytes lead the decoder to
        return Damage(f"its header cannot be read: {type(error).__name__}: {error}", len(MAGIC))
    sync = stream.read(SYNC_BYTES)
    if len(sync) < SYNC_BYTES:
        return Damage("it ends within its header", stream.tell())
    return schema, unpack, sync, stream.tell()


def _read_block(data: bytes, at: int, sync: bytes) -> tuple[int, bytes, int] | Damage:
    stream = io.BytesIO(data)
    stream.seek(at)
    try:
        count: Any = fastavro.schemaless_reader(stream, "long", None)
        size: Any = fastavro.schemaless_reader(stream, "long", None)
    except Exception as error:
        return Damage(f"a block cannot be read: {type(error).__name__}", at)
    begin = stream.tell()
    if count < 0 or size < 0 or begin + size + SYNC_BYTES > len(data):
        return Damage("it ends within a block", at)
    end = begin + size
    if data[end : end + SYNC_BYTES] != sync:
        return Damage("a block does not end where it says", at)
    return count, data[begin:end], end + SYNC_BYTES


def _unpacked(packed: bytes, count: int, at: int, schema: _Schema, unpack: Unpack) -> Iterator[Found]:
    try:
        block = unpack(packed)
    except (zstandard.ZstdError, zlib.error, ValueError) as error:
        yield Damage(f"a block cannot be unpacked: {error}", at)
        return
    stream = io.BytesIO(block)
    for _ in range(count):
        begin = stream.tell()
        try:
            decoded: Any = fastavro.schemaless_reader(stream, schema.writer, None)
        except Exception as error:
            yield Damage(f"a value cannot be read: {type(error).__name__}: {error}", at)
            return
        yield Value(schema.header + block[begin : stream.tell()], decoded)


@lru_cache(maxsize=16)
def _schema(text: str) -> _Schema:
    return _Schema(fastavro.parse_schema(json.loads(text)), single_object_header(text))


def _zstandard(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)


def _deflate(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(-15)
    found = unpacking.decompress(packed, BLOCK_MAX_BYTES)
    if unpacking.unconsumed_tail:
        raise ValueError("it is larger than any block of ours")
    return found


_CODECS: Final[Mapping[str, Unpack]] = {"null": bytes, "deflate": _deflate, "zstandard": _zstandard}
