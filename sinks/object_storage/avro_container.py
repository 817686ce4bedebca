"""Avro object container files out of values that are Avro already: their bodies are copied, never decoded.

Format: Avro 1.12 specification, "Object Container Files". The sync marker is computed from the object's name, so the
same records make the same bytes.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import Final

import fastavro
import zstandard

from schemas.codec import schema_text

EXTENSION: Final = "avro"
BLOCK_BYTES: Final = 256 * 1024

_MAGIC: Final = b"Obj\x01"
_HEADER: Final = fastavro.parse_schema({"type": "map", "values": "bytes"})


def container(kind: str, bodies: Iterable[bytes], name: str) -> bytes:
    """The object that holds ``bodies`` (values without their schema header) of a kind, in order."""
    sync = hashlib.blake2b(name.encode(), digest_size=16).digest()
    compress = zstandard.ZstdCompressor(level=3).compress
    out = io.BytesIO()
    out.write(_MAGIC)
    fastavro.schemaless_writer(out, _HEADER, {"avro.schema": schema_text(kind).encode(), "avro.codec": b"zstandard"})
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
