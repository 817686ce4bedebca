"""What every input gives: bytes as they came, and all that is told about them. Becomes one RawChunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Source: TypeAlias = dict[str, Any]
"""The Source record of schemas/avro/raw_chunk: id, node, kind, framing, encoding, tag, container."""


def source_of(
    source_id: str, node: str, kind: str, framing: str, *, tag: str | None = None, encoding: str | None = None
) -> Source:
    """A source that is no container."""
    return {
        "id": source_id,
        "node": node,
        "kind": kind,
        "framing": framing,
        "encoding": encoding,
        "tag": tag,
        "container": None,
    }


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes to send; fields as in schemas/avro/raw_chunk."""

    source: Source
    path: str
    incarnation: bytes
    offset: int
    payload: bytes
    lines: int
    """Lines or records in the payload, for counting."""
    restart: int = 0
    ended: bool = False
    end_reason: str | None = None
    gap: Mapping[str, Any] | None = None
    resumed: Mapping[str, Any] | None = None
    observed_timestamp: int | None = None
    """Nanoseconds since 1970; None: the moment it is sent."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A range that can never be sent; fields as in schemas/avro/ledger_entry."""

    source: Source
    path: str
    incarnation: bytes
    start: int
    end: int
    """What lies between ``start`` and here is known to be lost."""
    reason: str
    """As in a LedgerEntry: removed, truncated, unreadable, too_long."""
    next_incarnation: bytes | None = None
    """First incarnation of the source that is there again, where the loss may reach beyond ``end``."""
    detail: str | None = None
    open_end: bool = True
    """More may be missing behind ``end`` than is known."""
    unit: Literal["bytes", "entries"] = "bytes"
    """What ``start`` and ``end`` count: journal entries have numbers."""
