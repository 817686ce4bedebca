"""Columns of the view ``logs``: those of the objects under friendly names, in a friendly order.

Objects of another age have other columns (promoted attributes came or went); what none of them has is null. A promoted
attribute whose name is taken here is in the map only.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from schemas.severity import SEVERITIES

_TEXT: Final = "VARCHAR"
_MAP: Final = "MAP(VARCHAR, VARCHAR)"

NAMES: Final = {
    "timestamp": "TIMESTAMP",
    "severity": _TEXT,
    "severity_number": "INTEGER",
    "namespace": _TEXT,
    "pod": _TEXT,
    "container": _TEXT,
    "message": _TEXT,
    "attributes": _MAP,
    "labels": _MAP,
    "original": _TEXT,
    "stream": _TEXT,
    "tag": _TEXT,
    "node": _TEXT,
    "path": _TEXT,
    "trace_id": _TEXT,
    "span_id": _TEXT,
    "severity_text": _TEXT,
    "parser": _TEXT,
    "flags": f"{_TEXT}[]",
    "pod_uid": _TEXT,
    "container_id": _TEXT,
    "container_image": _TEXT,
    "container_hash": _TEXT,
    "restart": "INTEGER",
    "resolved": "BOOLEAN",
    "annotations": _MAP,
    "observed_timestamp": "TIMESTAMP",
    "timestamp_ns": "TIMESTAMP_NS",
    "id": _TEXT,
    "source_id": _TEXT,
    "incarnation": _TEXT,
    "byte_offset": "BIGINT",
    "topic": _TEXT,
    "dt": "DATE",
    "hour": "INTEGER",
    "object": _TEXT,
}
"""Column -> its type."""

_LEVELS: Final = ", ".join(f"'{name.upper()}'" for name in SEVERITIES)
OBJECT: Final = "_object"
"""Under this name duckdb adds the name of the object that a row is from."""
_NAME: Final = f"regexp_replace({OBJECT}, '^[a-z]+://', '')"
_MADE: Final = {
    "timestamp": ("timestamp", "make_timestamp(epoch_ns(timestamp) // 1000)"),  # a cast would round up
    "observed_timestamp": ("observed_timestamp", "make_timestamp(epoch_ns(observed_timestamp) // 1000)"),
    "timestamp_ns": ("timestamp", "make_timestamp_ns(epoch_ns(timestamp))"),
    "severity": ("severity_number", f"[{_LEVELS}][severity_number]"),
    "message": ("body", "body"),
    "byte_offset": ("offset", '"offset"'),  # a word of SQL, which would have to be quoted
    "topic": (OBJECT, f"split_part({_NAME}, '/dt=', 1)"),
    "object": (OBJECT, _NAME),
}
"""Column -> what it is made of, and how."""


def view_columns(known: Collection[str]) -> dict[str, str]:
    """Name and expression of each column; ``known``: what the objects have."""
    columns = {}
    for name, type_ in NAMES.items():
        source, text = _MADE.get(name, (name, f'"{name}"'))
        columns[name] = text if source in known else f"CAST(NULL AS {type_})"
    taken = {"body", "offset", OBJECT, *NAMES}
    return columns | {name: '"' + name.replace('"', '""') + '"' for name in known if name.lower() not in taken}
