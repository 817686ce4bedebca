"""Saved objects as Kibana's export API writes them: one JSON object a line (Kibana's API, "Export saved objects").

::

    {"type":"index-pattern","id":"6a3…","attributes":{"title":"logstash-*",…},"references":[],…}

An id is a function of what the object is for, so importing again overwrites and makes no second one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

SPACE: Final = UUID("6f1d9c1e-6d0b-5a57-9b0c-3a3e8d0f4c11")
"""Namespace of all ids; it never changes."""

MIGRATED: Final[Mapping[str, str]] = {
    "index-pattern": "8.0.0",
    "search": "8.0.0",
    "lens": "8.9.0",
    "dashboard": "8.9.0",
}
"""Type -> the version whose shape an object has; Kibana brings it up to its own. An older Kibana refuses it."""
OLDEST_KIBANA: Final = (8, 9)
CORE: Final = "8.8.0"
SEARCH_SOURCE: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"
"""Name of the reference to a data view in a saved search."""


@dataclass(frozen=True)
class SavedObject:
    """One object."""

    type: str
    id: str
    attributes: Mapping[str, Any]
    references: Sequence[Mapping[str, str]] = field(default=())

    @property
    def title(self) -> str:
        """What Kibana shows as its name."""
        return str(self.attributes.get("name") or self.attributes["title"])

    def as_json(self) -> dict[str, Any]:
        """As Kibana exports it."""
        return {
            "type": self.type,
            "id": self.id,
            "attributes": dict(self.attributes),
            "references": [dict(each) for each in self.references],
            "coreMigrationVersion": CORE,
            "typeMigrationVersion": MIGRATED[self.type],
            "managed": False,
        }


def object_id(pattern: str, kind: str, name: str) -> str:
    """Id of an object for the indices of a pattern: every pattern has objects of its own."""
    return str(uuid5(SPACE, f"{pattern}\n{kind}\n{name}"))


def reference(name: str, to: SavedObject) -> dict[str, str]:
    """How an object names another one."""
    return {"name": name, "type": to.type, "id": to.id}


def packed(value: Any) -> str:
    """JSON within JSON, as Kibana keeps what it does not search by."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_ndjson(objects: Iterable[SavedObject]) -> str:
    """The file that Kibana's import takes."""
    return "".join(f"{packed(each.as_json())}\n" for each in objects)


def data_view(pattern: str) -> SavedObject:
    """The data view of an index pattern; it may be made before the first index is there."""
    attributes = {
        "title": pattern,
        "name": f"logferry {pattern}",
        "timeFieldName": "@timestamp",
        "allowNoIndex": True,
        "fields": "[]",
        "fieldAttrs": "{}",
        "fieldFormatMap": packed({"logferry.offset": {"id": "number", "params": {"pattern": "0"}}}),
        "runtimeFieldMap": "{}",
        "sourceFilters": "[]",
        "typeMeta": "{}",
    }
    return SavedObject("index-pattern", object_id(pattern, "index-pattern", ""), attributes)


def query_of(text: str) -> dict[str, str]:
    """A query in Lucene's syntax, which Kibana hands to Elasticsearch as it is; ``logferry search`` takes the same."""
    return {"language": "lucene", "query": text}


def saved_search(view: SavedObject, name: str, description: str, query: str, columns: Sequence[str]) -> SavedObject:
    """A saved search, newest first."""
    source = {
        "highlightAll": True,
        "version": True,
        "query": query_of(query),
        "filter": [],
        "indexRefName": SEARCH_SOURCE,
    }
    attributes = {
        "title": f"logferry: {name}",
        "description": description,
        "columns": list(columns),
        "sort": [["@timestamp", "desc"]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": packed(source)},
    }
    id_ = object_id(view.attributes["title"], "search", name)
    return SavedObject("search", id_, attributes, [reference(SEARCH_SOURCE, view)])
