"""Trace and span ids among the fields of a record, as the libraries that write them name them.

Samples: ``"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"``, ``"trace":{"id":…}`` (ECS), ``"mdc":{"traceId":…}``
(Logback), ``"traceparent":"00-<32 hex>-<16 hex>-01"``, ``"logging.googleapis.com/trace":"projects/p/traces/<32 hex>"``.

Ids are W3C Trace Context's: 32 and 16 hexadecimal digits that are not all zero. Anything else under these names, such
as Datadog's and Zipkin's shorter or decimal ids, stays where it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

TRACE_KEYS: Final = (
    "trace_id",
    "traceId",
    "trace.id",
    "traceID",
    "TraceId",
    "otelTraceID",
    "@tr",
    "dd.trace_id",
    "logging.googleapis.com/trace",
    "trace",
)
SPAN_KEYS: Final = (
    "span_id",
    "spanId",
    "span.id",
    "spanID",
    "SpanId",
    "otelSpanID",
    "@sp",
    "dd.span_id",
    "logging.googleapis.com/spanId",
    "span",
)
_CONTEXTS: Final = ("dd", "mdc", "contextMap", "properties", "context", "span", "extra")
"""Objects in which a library keeps what belongs to a thread or request."""

TRACE_FIELDS: Final = frozenset({*TRACE_KEYS, *SPAN_KEYS, *_CONTEXTS, "traceparent"})
"""Without any of these among its fields a record has no trace."""

_HEX: Final = {
    length: re.compile(rf"(?:projects/[\w:.-]{{1,100}}/traces/|0x)?+(?!0+\Z)([0-9A-Fa-f]{{{length}}})")
    for length in (32, 16)
}
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


def take_hex(found: dict[Any, Any], keys: tuple[str, ...], length: int) -> str | None:
    """Remove and return the first value under one of ``keys`` that is an id of ``length`` digits."""
    for key in keys:
        value = found.get(key)
        if type(value) is str:
            match = _HEX[length].fullmatch(value)
            if match:
                del found[key]
                return match[1].lower()
    return None


def take_ids(found: dict[str, Any]) -> tuple[str | None, str | None]:
    """Remove and return trace and span id, wherever they are; of a ``traceparent`` they are a copy."""
    trace, span = take_hex(found, TRACE_KEYS, 32), take_hex(found, SPAN_KEYS, 16)
    if trace is None and type(found.get("traceparent")) is str:
        parent = _TRACEPARENT.fullmatch(found["traceparent"])
        if parent:
            return parent[1], span or parent[2]
    if trace is None and type(found.get("trace")) is dict:
        trace = _take_inner(found, "trace", ("id",), 32)
    if span is None and type(found.get("span")) is dict:
        span = _take_inner(found, "span", ("id",), 16)
    for name in _CONTEXTS:
        if type(found.get(name)) is dict:
            trace = trace or _take_inner(found, name, TRACE_KEYS, 32)
            span = span or _take_inner(found, name, SPAN_KEYS, 16)
    return trace, span


def _take_inner(found: dict[str, Any], name: str, keys: tuple[str, ...], length: int) -> str | None:
    """The same within an object, which goes when nothing else was in it."""
    inner = found.get(name)
    if type(inner) is not dict:
        return None
    value = take_hex(inner, keys, length)
    if value is not None and not inner:
        del found[name]
    return value
