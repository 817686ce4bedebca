"""Avro object container files out of values that are Avro already: their bodies are copied, never decoded.

Format: Avro 1.12 specification, "Object Container Files". The sync marker is computed from the object's name, so the
same records make the same bytes. What the manifest says of an object stands in its header too, under ``logferry``.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import fastavro
import orjson
import zstandard

from schemas.codec import schema_text
from sinks.object_storage.told import METADATA_KEY, told_in

EXTENSION: Final = "avro"
BLOCK_BYTES: Final = 256 * 1024

_MAGIC: Final = b"Obj\x01"
_HEADER: Final = fastavro.parse_schema({"type": "map", "values": "bytes"})


def container(kind: str, bodies: Iterable[bytes], name: str, told: Mapping[str, Any] | None = None) -> bytes:
    """The object that holds ``bodies`` (values without their schema header) of a kind, in order."""
    sync = hashlib.blake2b(name.encode(), digest_size=16).digest()
    compress = zstandard.ZstdCompressor(level=3).compress
    out = io.BytesIO()
    out.write(_MAGIC)
    header = {"avro.schema": schema_text(kind).encode(), "avro.codec": b"zstandard"}
    if told is not None:
        header[METADATA_KEY] = orjson.dumps(told)
    fastavro.schemaless_writer(out, _HEADER, header)
    out.write(sync)
    for count, block in _blocks(bodies):
        packed = compress(block)
        fastavro.schemaless_writer(out, "long", count)
        fastavro.schemaless_writer(out, "long", len(packed))
        out.write(packed)
        out.write(sync)
    return out.getvalue()


def _blocks(bodies: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Bodies in blocks of about BLOCK_BYTES, with the number of each."""
    block: list[bytes] = []
    size = 0
    for body in bodies:
        block.append(body)
        size += len(body)
        if size >= BLOCK_BYTES:
            yield len(block), b"".join(block)
            block, size = [], 0
    if block:
        yield len(block), b"".join(block)


def told_by(body: bytes) -> Mapping[str, Any] | None:
    """What an object's header says; None when it is none of ours. Never raises on input."""
    if not body.startswith(_MAGIC):
        return None
    try:
        header: Any = fastavro.schemaless_reader(io.BytesIO(body[len(_MAGIC) :]), _HEADER, None)
    except Exception:  # whatever the bytes lead fastavro to raise
        return None
    return told_in(header.get(METADATA_KEY))
