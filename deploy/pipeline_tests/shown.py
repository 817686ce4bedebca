"""Records, documents and dead letters in the words of `expected.ExpectedRecord` and `expected.ExpectedLetter`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from deploy.pipeline_tests.values import UNKNOWN
from schemas.document import iso_time
from schemas.severity import severity_text


def shown_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """A LogRecord."""
    resource = record["resource"]
    kubernetes = resource["kubernetes"] or {}
    return {
        "body": record["body"],
        "original": record["original"],
        "severity": severity_text(record["severity_number"]) or UNKNOWN,
        "severity_text": record["severity_text"],
        "attributes": orjson.loads(record["attributes"]),
        "parser": record["parser"],
        "flags": sorted(record["flags"]),
        "stream": record["stream"],
        "timestamp": iso_time(record["timestamp"]),
        "trace_id": record["trace_id"],
        "span_id": record["span_id"],
        "tag": resource["tag"],
        "namespace": kubernetes.get("namespace"),
        "pod": kubernetes.get("pod"),
        "container": kubernetes.get("container"),
        "labels": kubernetes.get("labels", {}),
        "resolved": kubernetes.get("resolved"),
    }


def shown_document(value: bytes) -> dict[str, Any]:
    """A record as a document of Elasticsearch, which says all but whether its pod was known."""
    document = orjson.loads(value)
    kubernetes, ours = document.get("kubernetes", {}), document["logferry"]
    return {
        "body": document["message"],
        "original": None if document["log"] == document["message"] else document["log"],
        "severity": document.get("severity", UNKNOWN),
        "severity_text": document.get("severity_text"),
        "attributes": document.get("attributes", {}),
        "parser": ours["parser"],
        "flags": sorted(ours.get("flags", ())),
        "stream": document.get("stream"),
        "timestamp": document["@timestamp"],
        "trace_id": document.get("trace_id"),
        "span_id": document.get("span_id"),
        "tag": document["tag"],
        "namespace": kubernetes.get("namespace_name"),
        "pod": kubernetes.get("pod_name"),
        "container": kubernetes.get("container_name"),
        "labels": kubernetes.get("labels", {}),
        "document": document,
    }


def shown_letter(letter: Mapping[str, Any]) -> dict[str, Any]:
    """A DeadLetter."""
    return {
        "reason": letter["reason"],
        "message": letter["message"],
        "original": letter["original"].decode(errors="backslashreplace"),
        "redacted": letter["redacted"],
    }
