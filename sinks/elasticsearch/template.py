"""The index template: which field is of which type, so that no workload can make another's documents fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from schemas.settings import ElasticsearchSink

VERSION: Final = 1
FIELDS_LIMIT: Final = 2000

_KEYWORD: Final = {"type": "keyword", "ignore_above": 8191}  # the longest that always fits Lucene's 32,766 bytes
_TEXT: Final = {"type": "text"}
_OPEN_OBJECT: Final = {"type": "object", "subobjects": False, "dynamic": True}
"""Keys with dots live side by side with their prefixes: ``app`` and ``app.kubernetes.io/name``."""


def template_name(sink: str) -> str:
    """Name of the template that a sink installs."""
    return f"logferry-{sink}"


def index_pattern(index: str) -> str:
    """The pattern that all indices of ``index`` (with strftime's directives) match."""
    return re.sub(r"\*+", "*", re.sub(r"(%[a-zA-Z][.\-_]?)+", "*", index))


def index_template(settings: ElasticsearchSink) -> dict[str, Any]:
    """The composable index template for a sink's indices."""
    return {
        "index_patterns": [index_pattern(settings.index)],
        "priority": 200,
        "version": VERSION,
        "template": {
            "settings": {
                "index.number_of_shards": settings.shards,
                "index.number_of_replicas": settings.replicas,
                "index.refresh_interval": settings.refresh_interval,
                "index.mapping.total_fields.limit": FIELDS_LIMIT,
                "index.mapping.total_fields.ignore_dynamic_beyond_limit": True,
                "index.query.default_field": ["message", "log"],
            },
            "mappings": _mappings(),
        },
        "_meta": {"description": "Documents of logferry", "managed_by": "logferry"},
    }


def _mappings() -> dict[str, Any]:
    keywords = ("namespace_name", "pod_name", "pod_id", "container_name", "container_image", "container_hash", "host")
    kubernetes: dict[str, Any] = dict.fromkeys(keywords, _KEYWORD)
    kubernetes |= {"labels": _OPEN_OBJECT, "annotations": {"type": "flattened", "ignore_above": 8191}}
    return {
        "dynamic": False,
        "dynamic_templates": [
            {"keys_as_keywords": {"path_match": ["attributes.*", "kubernetes.labels.*"], "mapping": _KEYWORD}},
        ],
        "properties": {
            "@timestamp": {"type": "date"},
            "log": _TEXT,
            "message": _TEXT,
            "stream": _KEYWORD,
            "tag": _KEYWORD,
            "severity": _KEYWORD,
            "severity_text": _KEYWORD,
            "severity_number": {"type": "byte"},
            "attributes": _OPEN_OBJECT,
            "trace_id": _KEYWORD,
            "span_id": _KEYWORD,
            "docker": {"properties": {"container_id": _KEYWORD}},
            "kubernetes": {"dynamic": False, "properties": kubernetes},
            "logferry": {
                "dynamic": False,
                "properties": {
                    "node": _KEYWORD,
                    "path": _KEYWORD,
                    "incarnation": _KEYWORD,
                    "offset": {"type": "long"},
                    "observed_timestamp": {"type": "date"},
                    "parser": _KEYWORD,
                    "flags": _KEYWORD,
                },
            },
        },
    }
