"""Fields of a LogEntry that programs tell by attributes.

Two vocabularies are understood. Google's own, which programs made for its agents write into their JSON lines
(https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields): ``httpRequest`` and
``logging.googleapis.com/…`` are taken out of the payload. And OpenTelemetry's semantic conventions (``http.…``,
``url.…``, ``code.…``), which stay in the payload, too. A value of another type than the field has stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_PREFIX: Final = "logging.googleapis.com/"
_DURATION: Final = re.compile(r"\d{1,9}(\.\d{1,9})?s")
_INT64: Final = 2**63


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _long(value: Any) -> str | None:
    """An int64 as JSON has it in protobuf: text."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value):
        return value
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _INT64
    return str(value) if whole else None


def _status(value: Any) -> int | None:
    text = _long(value)
    return int(text) if text is not None and int(text) < 1000 else None


def _duration(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**9:
        return f"{value:.9f}".rstrip("0").rstrip(".") + "s"
    return value if isinstance(value, str) and _DURATION.fullmatch(value) else None


Cast = Callable[[Any], Any]

_HTTP_REQUEST: Final[Mapping[str, Cast]] = {
    "requestMethod": _text,
    "requestUrl": _text,
    "requestSize": _long,
    "status": _status,
    "responseSize": _long,
    "userAgent": _text,
    "remoteIp": _text,
    "serverIp": _text,
    "referer": _text,
    "latency": _duration,
    "cacheLookup": _flag,
    "cacheHit": _flag,
    "cacheValidatedWithOriginServer": _flag,
    "cacheFillBytes": _long,
    "protocol": _text,
}
_OPERATION: Final[Mapping[str, Cast]] = {"id": _text, "producer": _text, "first": _flag, "last": _flag}
_LOCATION: Final[Mapping[str, Cast]] = {"file": _text, "line": _long, "function": _text}

_OBJECTS: Final[Mapping[str, tuple[str, Mapping[str, Cast]]]] = {
    "httpRequest": ("httpRequest", _HTTP_REQUEST),
    f"{_PREFIX}operation": ("operation", _OPERATION),
    f"{_PREFIX}sourceLocation": ("sourceLocation", _LOCATION),
}
"""Attribute -> field of the LogEntry, and its members."""


def take_special(attributes: dict[str, Any], project: str) -> dict[str, Any]:
    """Fields of a LogEntry for attributes; Google's own are removed from ``attributes``, which is changed."""
    found: dict[str, Any] = {}
    if "httpRequest" in attributes or any(name.startswith(_PREFIX) for name in attributes):
        found = _googles(attributes, project)
    request = _http_request(attributes)
    if request:
        found.setdefault("httpRequest", request)
    location = _source_location(attributes)
    if location:
        found.setdefault("sourceLocation", location)
    return found


def _googles(attributes: dict[str, Any], project: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (field, members) in _OBJECTS.items():
        value = attributes.get(name)
        taken = _known(value, members) if isinstance(value, dict) else {}
        if taken:
            found[field] = taken
            rest = {member: each for member, each in attributes.pop(name).items() if member not in taken}
            if rest:
                attributes[name] = rest
    _take(attributes, f"{_PREFIX}spanId", _text, found, "spanId")
    _take(attributes, f"{_PREFIX}trace_sampled", _flag, found, "traceSampled")
    _take(attributes, f"{_PREFIX}trace", _text, found, "trace")
    if "trace" in found and "/" not in found["trace"]:
        found["trace"] = trace_name(project, found["trace"])
    labels = attributes.get(f"{_PREFIX}labels")
    if isinstance(labels, dict) and labels and all(isinstance(each, str) for each in labels.values()):
        found["labels"] = attributes.pop(f"{_PREFIX}labels")
    return found


def _take(attributes: dict[str, Any], name: str, cast: Cast, found: dict[str, Any], field: str) -> None:
    value = cast(attributes.get(name))
    if value is not None:
        found[field] = value
        del attributes[name]


def trace_name(project: str, trace_id: str) -> str:
    """The name of a trace in Cloud Trace."""
    return f"projects/{project}/traces/{trace_id}"


def _known(values: Mapping[str, Any], members: Mapping[str, Cast]) -> dict[str, Any]:
    """The members that have a value of their type."""
    cast = {name: members[name](value) for name, value in values.items() if name in members}
    return {name: value for name, value in cast.items() if value is not None}


def _http_request(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """HttpRequest by OpenTelemetry's semantic conventions, as our parsers write them, too."""
    get = attributes.get
    if get("http.request.method") is None and get("http.response.status_code") is None:
        return {}
    version = _text(get("network.protocol.version"))
    values = {
        "requestMethod": get("http.request.method"),
        "requestUrl": get("url.full") or get("url.original") or _target(attributes),
        "requestSize": _first(get("http.request.size"), get("http.request.body.size")),
        "status": get("http.response.status_code"),
        "responseSize": _first(get("http.response.size"), get("http.response.body.size")),
        "userAgent": get("user_agent.original") or _header(get("http.request.header.user-agent")),
        "remoteIp": get("client.address"),
        "serverIp": get("network.local.address"),
        "referer": _header(get("http.request.header.referer")),
        "latency": _first(get("http.server.request.duration"), get("request_time")),
        "protocol": f"HTTP/{version}" if version else None,
    }
    return _known(values, _HTTP_REQUEST)


def _source_location(attributes: Mapping[str, Any]) -> dict[str, Any]:
    file, function = attributes.get("code.file.path"), attributes.get("code.function.name")
    if file is None and function is None:
        return {}
    return _known({"file": file, "line": attributes.get("code.line.number"), "function": function}, _LOCATION)


def _target(attributes: Mapping[str, Any]) -> str | None:
    path, query = _text(attributes.get("url.path")), _text(attributes.get("url.query"))
    return f"{path}?{query}" if path and query else path


def _header(value: Any) -> Any:
    """The first value of a header."""
    return value[0] if isinstance(value, list) and value else value


def _first(one: Any, other: Any) -> Any:
    return other if one is None else one
