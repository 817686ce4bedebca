"""Values of Kafka records: Avro bodies behind a short header that names their schema.

Two headers exist in the world and both are read, whichever is configured for writing, so that a topic may change over
from one to the other:

* Avro single-object encoding (Avro 1.12 specification, "Single-object encoding"): ``C3 01``, then the CRC-64-AVRO
  fingerprint of the schema's parsing canonical form, 8 bytes little-endian. Needs no registry and is the default.
* Confluent wire format: ``00``, then the registry's schema id, 4 bytes big-endian.

Schemas stand in ``schemas/avro/<kind>.v<version>.avsc``. The highest version is written; every version is read.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import fastavro
import fastavro.schema

KINDS: Final = ("raw_chunk", "log_record", "rule", "pod", "dead_letter", "ledger_entry")

_SINGLE_OBJECT_MARKER: Final = b"\xc3\x01"
_CONFLUENT_MARKER: Final = b"\x00"
_FILE_NAME: Final = re.compile(r"(?P<kind>[a-z_]+)\.v(?P<version>\d+)\.avsc")

Schema = Any
"""A schema as fastavro parsed it."""


@dataclass(frozen=True)
class Undecodable:
    """A value that could not be read: bad input as a value."""

    reason: str
    """Short, for counting: unknown_schema or malformed_value."""
    message: str
    """What was wrong, for a person."""


@cache
def schema_versions(kind: str) -> Mapping[int, str]:
    """Every version of a kind's schema as JSON text, lowest version first."""
    found = {}
    for entry in resources.files(__package__).joinpath("avro").iterdir():
        match = _FILE_NAME.fullmatch(entry.name)
        if match and match["kind"] == kind:
            found[int(match["version"])] = entry.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


@cache
def schema_text(kind: str) -> str:
    """The schema that is written today, as JSON text."""
    return list(schema_versions(kind).values())[-1]


@cache
def parsed_schema(kind: str) -> Schema:
    """The schema that is written today, parsed."""
    return _parse(schema_text(kind))


@cache
def _parse(text: str) -> Schema:
    return fastavro.parse_schema(json.loads(text))


@cache
def single_object_header(text: str) -> bytes:
    """The 10 bytes that name a schema in single-object encoding."""
    canonical = fastavro.schema.to_parsing_canonical_form(json.loads(text))
    fingerprint = fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")
    return _SINGLE_OBJECT_MARKER + bytes.fromhex(fingerprint)


def confluent_header(schema_id: int) -> bytes:
    """The 5 bytes that name a schema in Confluent wire format."""
    return _CONFLUENT_MARKER + schema_id.to_bytes(4, "big")


_registered: dict[str, int] = {}


def use_registered(ids: Mapping[str, int]) -> None:
    """From now on codecs write Confluent wire format; called once, before a stage makes its first codec.

    ``ids``: schema id by schema text, as a registry gave them.
    """
    _registered.update(ids)


class Codec:
    """Writes and reads the values of one kind.

    With ``registered`` (schema id by schema text; by default what `use_registered` was given) values are written in
    Confluent wire format and such values of those ids are read; without it, in single-object encoding.
    """

    def __init__(self, kind: str, registered: Mapping[str, int] | None = None) -> None:
        registered = _registered if registered is None else registered
        self.kind = kind
        self.schema: Schema = parsed_schema(kind)
        self._writers: dict[bytes, Schema] = {}
        """Header -> schema it was written with."""
        for text in schema_versions(kind).values():
            self._writers[single_object_header(text)] = _parse(text)
            if registered and text in registered:
                self._writers[confluent_header(registered[text])] = _parse(text)
        newest = schema_text(kind)
        self.header = confluent_header(registered[newest]) if registered else single_object_header(newest)
        """What every value that this codec writes begins with."""

    def encode(self, value: Mapping[str, Any]) -> bytes:
        """Header and Avro body. Raises ValueError or TypeError when the value does not fit: a defect of ours."""
        out = io.BytesIO()
        out.write(self.header)
        fastavro.schemaless_writer(out, self.schema, value)
        return out.getvalue()

    def decode(self, data: bytes) -> dict[str, Any] | Undecodable:
        """The value in today's schema, or why it cannot be read. Never raises on input."""
        header = header_of(data)
        writer = self._writers.get(header)
        if writer is None:
            return Undecodable(
                "unknown_schema", f"{self.kind}: no known schema has the header {header.hex() or 'empty'}"
            )
        body = io.BytesIO(data)
        body.seek(len(header))
        try:
            value: Any = fastavro.schemaless_reader(body, writer, self.schema)
        except (
            Exception
        ) as error:  # fastavro raises whatever the bytes lead it to: EOFError, IndexError, UnicodeError …
            return Undecodable("malformed_value", f"{self.kind}: {type(error).__name__}: {error}")
        if body.tell() != len(data):
            return Undecodable("malformed_value", f"{self.kind}: {len(data) - body.tell()} bytes too many")
        return dict(value)


def header_of(data: bytes) -> bytes:
    """The schema header of a value: 10 bytes, 5 bytes, or what little there is."""
    return data[:10] if data[:2] == _SINGLE_OBJECT_MARKER else data[:5]
