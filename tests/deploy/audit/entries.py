"""Ledger entries as stages write them, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LIFE = "8d7c1f0b52a9e346"
SOURCE = "51c0a5ce0f6d8e11"
NAMES = {"namespace": "shop", "pod": "cart-1", "container": "cart", "node": "node-1"}
RAW = "logs.raw"

_EMPTY: dict[str, Any] = {
    "lines": 0, "outcomes": {}, "ended": False, "open_end": False, "next_incarnation": None, "path": None, "node": None,
    "namespace": None, "pod": None, "container": None, "observed_timestamp": None, "run": None, "topic": None,
    "partition": None, "topic_offset": None, "sources": {}, "detail": None, "written_at": 1,
}  # fmt: skip


def stream(start: int, end: int, offset: int | None = None, at: int = 1, **more: Any) -> dict[str, Any]:
    """Of the stream stage; a line has ten bytes and is routed to logs.app, unless something else is said."""
    lines = more.pop("lines", (end - start) // 10)
    outcomes = more.pop("outcomes", {"routed": lines, "routed/logs.app": lines} if lines else {})
    place = {} if offset is None else {"topic": RAW, "partition": 0, "topic_offset": offset}
    whole = {"incarnation": LIFE, "source_id": SOURCE, "stage": "stream", "start": start, "end": end, "lines": lines}
    return _EMPTY | NAMES | whole | {"outcomes": outcomes, "written_at": at} | place | more


def producer(start: int, end: int, outcome: str = "sent", at: int = 1, **more: Any) -> dict[str, Any]:
    """Of the producer."""
    whole = {"incarnation": LIFE, "source_id": SOURCE, "stage": "producer", "start": start, "end": end}
    return (
        _EMPTY
        | NAMES
        | whole
        | {"outcomes": {outcome: end - start}, "written_at": at, "path": "/var/log/cart.log"}
        | more
    )


def sink(start: int, end: int, at: int = 1, outcome: str = "indexed", **more: Any) -> dict[str, Any]:
    """Of the sink search, about partition 0 of logs.app."""
    records = end - start
    whole = {"incarnation": "", "source_id": "", "stage": "sink/search", "start": start, "end": end, "lines": records}
    told: dict[str, Any] = {
        "outcomes": {outcome: records, "bytes": 100 * records},
        "sources": {SOURCE: {outcome: records}},
    }
    return _EMPTY | whole | told | {"topic": "logs.app", "partition": 0, "written_at": at} | more


def written(name: str, start: int, end: int, records: int, at: int = 1, **more: Any) -> dict[str, Any]:
    """Of the sink archive, about one object."""
    whole = {"incarnation": "", "source_id": "", "stage": "sink/archive", "start": start, "end": end, "lines": records}
    told: Mapping[str, Any] = {"outcomes": {"archived": records, "bytes": 1000}, "path": name, "topic": "logs.app"}
    return _EMPTY | whole | told | {"partition": 0, "written_at": at} | more
