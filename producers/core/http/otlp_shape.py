"""Whether a body is a request for OTLP's log service, and how many log records it holds.

Protobuf is parsed by the project's own message classes, in C, as streams do: what is accepted here can be read there.
JSON is checked against the same messages' descriptors, for OTLP's JSON differs from protobuf's own: ids are
hexadecimal, enumerations are numbers (OpenTelemetry Protocol Specification, "JSON Protobuf Encoding").
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

DEPTH_MAX: Final = 100
"""Messages in messages, as protobuf's own parsers allow."""

Problem: TypeAlias = str
"""What is wrong with a body."""


def protobuf_records(body: bytes) -> int | Problem:
    """Log records of a request in protobuf, or what is wrong with it."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError:
        return "the body is no ExportLogsServiceRequest in protobuf"
    if body and not request.resource_logs:
        return "the body holds no resource_logs: it is another message"
    return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)


def json_records(body: bytes) -> int | Problem:
    """Log records of a request in OTLP's JSON, or what is wrong with it."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return f"the body is not JSON: {error}"
    if not isinstance(request, dict):
        return "the body is no JSON object"
    if request and "resourceLogs" not in request:
        return "the body holds no resourceLogs (names are in lowerCamelCase)"
    if problem := _problem_of_message(ExportLogsServiceRequest.DESCRIPTOR, request, 0):
        return f"the body is no OTLP request: {problem[1:]}"
    return sum(
        len(scope.get("logRecords") or ())
        for resource in request.get("resourceLogs") or ()
        for scope in resource.get("scopeLogs") or ()
    )


# -- JSON against descriptors. A problem is told with the way to it: .resourceLogs[0].scopeLogs[2]: expected an object

_Check: TypeAlias = Callable[[Any, int], Problem | None]


@cache
def _checks(message: Descriptor) -> Mapping[str, _Check]:
    return {field.camelcase_name: _check_of(field) for field in message.fields}


def _check_of(field: FieldDescriptor) -> _Check:
    check = _check_of_one(field)
    if not field.is_repeated:
        return check

    def check_list(values: Any, depth: int) -> Problem | None:
        if not isinstance(values, list):
            return ": expected a list"
        for index, value in enumerate(values):
            if problem := check(value, depth):
                return f"[{index}]{problem}"
        return None

    return check_list


def _check_of_one(field: FieldDescriptor) -> _Check:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        message = field.message_type
        return lambda value, depth: _problem_of_message(message, value, depth + 1)
    is_right, expected = _SCALARS[_HEX if field.name in _IDS else field.type]
    return lambda value, _: None if is_right(value) else f": expected {expected}"


def _problem_of_message(message: Descriptor, value: Any, depth: int) -> Problem | None:
    """Unknown names are passed over, and null is a value left out."""
    if not isinstance(value, dict):
        return ": expected an object"
    if depth > DEPTH_MAX:
        return ": nested too deeply"
    checks = _checks(message)
    for name, member in value.items():
        if member is not None and name in checks and (problem := checks[name](member, depth)):
            return f".{name}{problem}"
    return None


_INTEGER: Final = re.compile(r"-?[0-9]{1,20}")
_HEX_DIGITS: Final = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_HEX: Final = -1
_IDS: Final = ("trace_id", "span_id")


def _integer(lowest: int, highest: int) -> Callable[[Any], bool]:
    def is_right(value: Any) -> bool:
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        return type(value) is int and lowest <= value <= highest

    return is_right


def _is_number(value: Any) -> bool:
    try:
        return type(value) in (int, float) or (isinstance(value, str) and float(value) is not None)
    except ValueError:
        return False


def _is_base64(value: Any) -> bool:
    try:
        return isinstance(value, str) and base64.b64decode(value + "=" * (-len(value) % 4), validate=True) is not None
    except ValueError:
        return False


_UNSIGNED_32: Final = (_integer(0, 2**32 - 1), "a number of 32 bits")
_UNSIGNED_64: Final = (_integer(0, 2**64 - 1), "a number of 64 bits, best as text")
_SIGNED_32: Final = (_integer(-(2**31), 2**31 - 1), "a number of 32 bits")
_SIGNED_64: Final = (_integer(-(2**63), 2**63 - 1), "a number of 64 bits, best as text")

_SCALARS: Final[Mapping[int, tuple[Callable[[Any], bool], str]]] = {
    _HEX: (lambda value: isinstance(value, str) and _HEX_DIGITS.fullmatch(value) is not None, "hexadecimal digits"),
    FieldDescriptor.TYPE_STRING: (lambda value: isinstance(value, str), "text"),
    FieldDescriptor.TYPE_BYTES: (_is_base64, "base64"),
    FieldDescriptor.TYPE_BOOL: (lambda value: isinstance(value, bool), "true or false"),
    FieldDescriptor.TYPE_DOUBLE: (_is_number, "a number"),
    FieldDescriptor.TYPE_ENUM: (
        lambda value: type(value) is int and abs(value) < 2**31,
        "the number of the enumeration",
    ),
    FieldDescriptor.TYPE_UINT32: _UNSIGNED_32,
    FieldDescriptor.TYPE_FIXED32: _UNSIGNED_32,
    FieldDescriptor.TYPE_UINT64: _UNSIGNED_64,
    FieldDescriptor.TYPE_FIXED64: _UNSIGNED_64,
    FieldDescriptor.TYPE_INT32: _SIGNED_32,
    FieldDescriptor.TYPE_SINT32: _SIGNED_32,
    FieldDescriptor.TYPE_INT64: _SIGNED_64,
    FieldDescriptor.TYPE_SINT64: _SIGNED_64,
}
