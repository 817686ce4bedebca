"""Values of JSON as values of OTLP (opentelemetry/proto/common/v1/common.proto)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList


def any_value(value: Any) -> AnyValue:
    """A value with its type; null is a value without one. Integers beyond 64 bits become text, with all digits."""
    match value:
        case str():
            return AnyValue(string_value=text(value))
        case bool():
            return AnyValue(bool_value=value)
        case int() if -(1 << 63) <= value < 1 << 63:
            return AnyValue(int_value=value)
        case int():
            return AnyValue(string_value=str(value))
        case float():
            return AnyValue(double_value=value)
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=key_values(value)))
        case list() | tuple():
            return AnyValue(array_value=ArrayValue(values=[any_value(each) for each in value]))
        case _:
            return AnyValue()


def key_values(values: Mapping[str, Any]) -> list[KeyValue]:
    """Attributes, in their order."""
    return [KeyValue(key=text(key), value=any_value(value)) for key, value in values.items()]


def text(value: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair stands as its escape."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="backslashreplace").decode()
    return value
