"""From what a person asked for to the bodies of search requests. Pure.

Documents are ordered by ``@timestamp`` (which Elasticsearch keeps to the millisecond), then by where they came from:
incarnation and offset together are the record's id, so the order is total and a page goes on where the last one ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

PAGE: Final = 1000
_UNKNOWN: Final = {"missing": "_first", "unmapped_type": "keyword"}
NEWEST_FIRST: Final[list[dict[str, Any]]] = [
    {"@timestamp": {"order": "desc", "unmapped_type": "date"}},
    {"logferry.incarnation": {"order": "desc", **_UNKNOWN}},
    {"logferry.offset": {"order": "desc", "missing": "_first", "unmapped_type": "long"}},
]


@dataclass(frozen=True)
class Wanted:
    """Which documents somebody wants to see."""

    text: str
    """Elasticsearch's query string syntax."""
    since: float | None = None
    """Not older than this; seconds since 1970."""

    def query(self, *more: dict[str, Any]) -> dict[str, Any]:
        """The query, with further filters."""
        filters = list(more)
        if self.since is not None:
            filters.append({"range": {"@timestamp": {"gte": iso_millis(self.since)}}})
        return {"bool": {"must": [{"query_string": {"query": self.text}}], "filter": filters}}


def newest(wanted: Wanted, size: int, after: list[Any] | None = None) -> dict[str, Any]:
    """The newest documents, newest first; ``after``: the sort values of the last one of the page before."""
    body = {"query": wanted.query(), "sort": NEWEST_FIRST, "size": size, "track_total_hits": after is None}
    return body if after is None else {**body, "search_after": after}


def iso_millis(seconds: float) -> str:
    """RFC 3339 with milliseconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def oldest_first(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hits in the order in which their lines were written: time to the nanosecond, then place."""
    return sorted(hits, key=_place)


def _place(hit: dict[str, Any]) -> tuple[str, str, int]:
    source = hit.get("_source") or {}
    origin = source.get("logferry") or {}
    return str(source.get("@timestamp", "")), str(origin.get("incarnation", "")), int(origin.get("offset") or 0)
