"""Fast writing of RawChunk values: the payload is their last field, so it is appended and copied only once."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import fastavro

from schemas.codec import Codec, parsed_schema

_FIELDS: Final = parsed_schema("raw_chunk")["fields"]
_HEAD_SCHEMA: Final = fastavro.parse_schema(
    {"type": "record", "name": "io.logferry.RawChunkHead", "fields": [dict(field) for field in _FIELDS[:-1]]}
)


def encode_chunk(codec: Codec, head: Mapping[str, Any], payload: bytes) -> bytes:
    """A whole value: the same bytes as ``codec.encode`` gives for ``head`` with ``payload``."""
    out = io.BytesIO()
    out.write(codec.header)
    fastavro.schemaless_writer(out, _HEAD_SCHEMA, head)
    fastavro.schemaless_writer(out, "long", len(payload))
    return b"".join((out.getvalue(), payload))
