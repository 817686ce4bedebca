"""Whether one schema can read what another wrote, in the judgement of Apache's own Avro implementation."""

from __future__ import annotations

import avro.compatibility
import avro.schema

from schemas.codec import schema_versions


def problems(reader: str, writer: str) -> list[str]:
    """Why ``reader`` cannot read what ``writer`` wrote (both JSON text); empty when it can.

    Raises avro.errors.AvroException when one of them is no schema.
    """
    checker = avro.compatibility.ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    found = checker.get_compatibility(avro.schema.parse(reader), avro.schema.parse(writer))
    if found.compatibility is avro.compatibility.SchemaCompatibilityType.compatible:
        return []
    return sorted(found.messages) or ["incompatible"]


def problems_between_versions(kind: str) -> list[str]:
    """Why some version of a kind cannot read another; empty when each can read each."""
    versions = schema_versions(kind)
    return [
        f"{kind}.v{reader} cannot read {kind}.v{writer}: {problem}"
        for reader, reader_text in versions.items()
        for writer, writer_text in versions.items()
        for problem in problems(reader_text, writer_text)
    ]
