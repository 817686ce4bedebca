"""A document (`schemas.document`) back into the LogRecord that it was made of, for destinations that want records.

What a document does not hold comes back empty: the source id (the Kafka key has it), the restart count, whether the
pod was resolved (labels say so where there are some).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from schemas.codec import Undecodable

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def read_document(key: bytes, id_: str, value: bytes) -> dict[str, Any] | Undecodable:
    """The LogRecord of a document of that Kafka key and record id. Never raises on input."""
    try:
        found: Any = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return Undecodable("malformed_value", f"document: {error}")
    try:
        return _record(key, id_, found)
    except KeyError as error:
        return Undecodable("malformed_value", f"document: not one of ours: {error} is missing")
    except (TypeError, ValueError, AttributeError) as error:
        return Undecodable("malformed_value", f"document: not one of ours: {type(error).__name__}: {error}")


def nanos(text: str) -> int:
    """Nanoseconds since 1970 of RFC 3339 in UTC with up to nine decimals. Raises ValueError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time in UTC")
    moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000 + int((match[2] or "0").ljust(9, "0"))


def _record(key: bytes, id_: str, found: dict[str, Any]) -> dict[str, Any]:
    origin = found["logferry"]
    log, message = _text(found["log"]), _text(found["message"])
    return {
        "resource": _resource(key, found, origin),
        "id": id_,
        "offset": int(origin["offset"]),
        "timestamp": nanos(found["@timestamp"]),
        "observed_timestamp": nanos(origin["observed_timestamp"]),
        "stream": found.get("stream"),
        "severity_number": int(found.get("severity_number", 0)),
        "severity_text": found.get("severity_text"),
        "body": message,
        "original": None if log == message else log,
        "attributes": orjson.dumps(found.get("attributes") or {}).decode(),
        "trace_id": found.get("trace_id"),
        "span_id": found.get("span_id"),
        "parser": _text(origin["parser"]),
        "flags": [_text(flag) for flag in origin.get("flags", ())],
    }


def _resource(key: bytes, found: dict[str, Any], origin: dict[str, Any]) -> dict[str, Any]:
    return {
        "source_id": key.decode(errors="replace"),
        "node": _text(origin["node"]),
        "path": _text(origin["path"]),
        "incarnation": _text(origin["incarnation"]),
        "tag": _text(found["tag"]),
        "kubernetes": _kubernetes(found),
    }


def _kubernetes(found: dict[str, Any]) -> dict[str, Any] | None:
    pod = found.get("kubernetes")
    if pod is None:
        return None
    labels = {_text(name): _text(value) for name, value in pod.get("labels", {}).items()}
    return {
        "namespace": _text(pod["namespace_name"]),
        "pod": _text(pod["pod_name"]),
        "pod_uid": _text(pod["pod_id"]),
        "container": _text(pod["container_name"]),
        "container_id": found.get("docker", {}).get("container_id"),
        "container_image": pod.get("container_image"),
        "container_hash": pod.get("container_hash"),
        "restart": 0,
        "labels": labels,
        "annotations": {_text(name): _text(value) for name, value in pod.get("annotations", {}).items()},
        "resolved": bool(labels),
    }


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
