"""The index template: which field is of which type, so that no workload can make another's documents fail.

Format: Elasticsearch reference, "Create or update an index template". What an operator wants to add to every index of a
sink (an allocation, a codec, a runtime field) goes into a component template named ``<template>@custom``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from schemas.settings.days import days
from sinks.elasticsearch.ours import marked

if TYPE_CHECKING:
    from schemas.settings import ElasticsearchSink

VERSION: Final = 2
"""Of the template; one more with every change of it."""

_KEYWORD: Final = {"type": "keyword", "ignore_above": 8191}  # the longest that always fits Lucene's 32,766 bytes
_TEXT: Final = {"type": "text"}
_OPEN_OBJECT: Final = {"type": "object", "subobjects": False, "dynamic": True}
"""Keys with dots live side by side with their prefixes: ``app`` and ``app.kubernetes.io/name``."""


_MALFORMED: Final = frozenset(
    ("boolean", "byte", "short", "integer", "long", "half_float", "float", "double", "date", "date_nanos", "ip")
)
"""Types that can pass over a value that is not of theirs; keyword and text take any."""


def template_name(sink: str, settings: ElasticsearchSink | None = None) -> str:
    """Name of the template, and of the lifecycle policy, of a sink."""
    return (settings.template_name if settings else None) or f"logferry-{sink}"


def index_pattern(index: str) -> str:
    """The pattern that all indices of ``index`` (with strftime's directives) match, for searching."""
    return re.sub(r"\*+", "*", re.sub(r"(%[a-zA-Z][.\-_]?)+", "*", index))


def own_pattern(index: str) -> str:
    """A closer pattern, for what must not hold for others.

    That of ``logs-%Y.%m.%d`` is not for ``logs-nginx-default``, a data stream that Elastic's own template is for.
    """
    return re.sub(r"\*+", "*", re.sub(r"%[a-zA-Z]", "*", index))


def index_template(settings: ElasticsearchSink, name: str = "", policy: str | None = None) -> dict[str, Any]:
    """The composable index template for a sink's indices, or for its data stream.

    ``policy``: lifecycle policy that deletes them; without one a data stream with a retention deletes by itself.
    """
    template: dict[str, Any] = {"settings": _settings(settings, policy), "mappings": _mappings(settings)}
    body: dict[str, Any] = {
        "index_patterns": [own_pattern(settings.target)],
        "priority": settings.template_priority,
        "version": VERSION,
        "template": template,
    }
    if name:
        body |= {"composed_of": [f"{name}@custom"], "ignore_missing_component_templates": [f"{name}@custom"]}
    if settings.data_stream:
        body["data_stream"] = {}
        if settings.retention and not policy:
            template["lifecycle"] = {"data_retention": f"{days(settings.retention)}d"}
    return marked(body, VERSION)


def promoted_properties(settings: ElasticsearchSink) -> dict[str, dict[str, Any]]:
    """The mapping of each promoted attribute, by its name."""
    return {name: _promoted(type_) for name, type_ in settings.promote.items()}


def _promoted(type_: str) -> dict[str, Any]:
    if type_ == "keyword":
        return _KEYWORD
    return {"type": type_, "ignore_malformed": True} if type_ in _MALFORMED else {"type": type_}


def _settings(settings: ElasticsearchSink, policy: str | None) -> dict[str, Any]:
    found = {
        "index.number_of_shards": settings.shards,
        "index.number_of_replicas": settings.replicas,
        "index.refresh_interval": settings.refresh_interval,
        "index.mapping.total_fields.limit": settings.fields_limit,
        "index.mapping.total_fields.ignore_dynamic_beyond_limit": True,
        "index.query.default_field": ["message", "log"],
    }
    return found | {"index.lifecycle.name": policy} if policy else found


def _mappings(settings: ElasticsearchSink) -> dict[str, Any]:
    keywords = ("namespace_name", "pod_name", "pod_id", "container_name", "container_image", "container_hash", "host")
    kubernetes: dict[str, Any] = dict.fromkeys(keywords, _KEYWORD)
    kubernetes |= {"labels": _OPEN_OBJECT, "annotations": {"type": "flattened", "ignore_above": 8191}}
    promoted = promoted_properties(settings)
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
            "attributes": _OPEN_OBJECT | ({"properties": promoted} if promoted else {}),
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
