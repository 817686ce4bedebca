"""Framing ``otlp``: a chunk is one ExportLogsServiceRequest in protobuf (OTLP 1, opentelemetry-proto logs/v1).

A record's position is its running number in the request. Times, severity, trace and span id have fields of their own;
the body is text, and any other value stands as JSON. A record without severity whose body is text is looked into like
any line. Attributes keep their names; those of the resource stand under ``resource.<name>``, the scope as
``scope.name``, ``scope.version`` and ``scope.<name>``, and ``event.name``, ``trace_flags`` and
``dropped_attributes_count`` where they are set.

A resource that names its pod (k8s.namespace.name, k8s.pod.name, and k8s.container.name where it is known) gives its
records that pod's identity instead of these attributes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from math import isfinite
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from schemas.severity import severity_number, severity_text
from streams.core.framing.attributes import Attributes, json_text, merged
from streams.core.framing.event import (
    NUMBERED_STEP,
    Container,
    Content,
    Event,
    Told,
    Unreadable,
    content_of,
    in_range,
)
from streams.core.parsers import text
from streams.core.parsers.parsed import Fields

_IDENTITY: Final = {
    "k8s.namespace.name": "namespace",
    "k8s.pod.name": "pod",
    "k8s.pod.uid": "pod_uid",
    "k8s.container.name": "name",
    "k8s.container.restart_count": "restart",
    "container.id": "id",
    "container.image.name": "image",
}
"""Attribute of the OpenTelemetry conventions -> what a container calls it here."""
_LABELS: Final = ("k8s.pod.label.", "k8s.pod.labels.")
_RESTART_MAX: Final = (1 << 31) - 1


def entries(chunk: Mapping[str, Any]) -> Iterator[Event | Unreadable]:
    """The log records of a chunk."""
    try:
        request = ExportLogsServiceRequest.FromString(chunk["payload"])
    except DecodeError as error:
        yield Unreadable(chunk["offset"], chunk["payload"], f"not an ExportLogsServiceRequest: {error}")
        return
    yield from records(request, chunk["observed_timestamp"])


def records(request: ExportLogsServiceRequest, received: int) -> Iterator[Event]:
    """The log records of a request, received at a time in nanoseconds since 1970."""
    number = 0
    for resource in request.resource_logs:
        attributes = _values(resource.resource.attributes)
        container = _container(attributes)
        of_resource = {f"resource.{name}": value for name, value in attributes.items()}
        for scope in resource.scope_logs:
            shared = of_resource | _scope(scope.scope)
            for record in scope.log_records:
                yield _event(number, record, shared, container, partial(_alone, resource, scope, record), received)
                number += 1


def _event(
    number: int,
    record: LogRecord,
    shared: Attributes,
    container: Container | None,
    original: Callable[[], bytes],
    received: int,
) -> Event:
    observed = in_range(record.observed_time_unix_nano, received)
    level = record.severity_number if 0 <= record.severity_number <= 24 else 0
    level = level or severity_number(record.severity_text)
    told = Told(level, record.severity_text or severity_text(level) or None)
    value = _value(record.body)
    content = _content(value, told)
    return Event(
        number,
        in_range(record.time_unix_nano, observed),
        content.number,
        partial(_fields, record, content, shared),
        original,
        observed=observed,
        container=container,
        step=NUMBERED_STEP,
    )


def _content(body: Any, told: Told) -> Content:
    """Text is only looked into where the record does not say its severity."""
    if isinstance(body, str) and not told.number:
        return content_of(body.encode("utf-8", "backslashreplace"), told)
    content = "" if body is None else body if isinstance(body, str) else json_text(body)
    return Content(told.number, text.PARSER, text.NOTHING, content.encode("utf-8", "backslashreplace"), told.name)


def _fields(record: LogRecord, content: Content, shared: Attributes) -> Fields:
    own = _values(record.attributes)
    for name, value in (
        ("event.name", record.event_name),
        ("trace_flags", record.flags & 0xFF),
        ("dropped_attributes_count", record.dropped_attributes_count),
    ):
        if value:
            own.setdefault(name, value)
    fields = content.fields(own)
    fields["attributes"] = merged(fields["attributes"], shared)
    fields["trace_id"] = _hex(record.trace_id, 16) or fields["trace_id"]
    fields["span_id"] = _hex(record.span_id, 8) or fields["span_id"]
    if content.parser is text.PARSER:
        fields["parser"] = "otlp"
    return fields


def _hex(raw: bytes, length: int) -> str | None:
    """An id; one of another length or of zeros alone is none (W3C Trace Context)."""
    return raw.hex() if len(raw) == length and any(raw) else None


def _values(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> Any:
    """A value as JSON has it (bytes in base64, as in OTLP's JSON); None where none is set."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [_value(each) for each in value.array_value.values]
        case "kvlist_value":
            return _values(value.kvlist_value.values)
        case "double_value":
            return value.double_value if isfinite(value.double_value) else str(value.double_value)
        case "bytes_value":
            return b64encode(value.bytes_value).decode()
        case name:
            return getattr(value, name)


def _scope(scope: InstrumentationScope) -> dict[str, Any]:
    named = {"scope.name": scope.name, "scope.version": scope.version}
    others = {f"scope.{name}": value for name, value in _values(scope.attributes).items()}
    return others | {name: value for name, value in named.items() if value}


def _container(attributes: dict[str, Any]) -> Container | None:
    """The pod that a resource names, taken out of its attributes."""
    if not all(isinstance(attributes.get(name), str) for name in ("k8s.namespace.name", "k8s.pod.name")):
        return None
    found = {ours: attributes.pop(name) for name, ours in _IDENTITY.items() if name in attributes}
    restart = found.pop("restart", 0)
    labels = {
        name.removeprefix(prefix): str(attributes.pop(name))
        for prefix in _LABELS
        for name in [name for name in attributes if name.startswith(prefix)]
    }
    return {
        **{name: str(value) for name, value in {"pod_uid": "", "name": "", **found}.items()},
        "labels": labels,
        "restart": restart if isinstance(restart, int) and 0 <= restart <= _RESTART_MAX else 0,
    }


def _alone(resource: ResourceLogs, scope: ScopeLogs, record: LogRecord) -> bytes:
    """A request of one record."""
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add(schema_url=resource.schema_url, resource=resource.resource)
    logs.scope_logs.add(schema_url=scope.schema_url, scope=scope.scope, log_records=[record])
    return bytes(request.SerializeToString())
