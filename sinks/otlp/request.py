"""Requests put together from log records that are written already: nothing is encoded twice, however often it is sent.

A message is the sequence of its fields, each behind its number and length (protobuf.dev, "Encoding"), so that

    ExportLogsServiceRequest.resource_logs (1) → ResourceLogs.resource (1), .scope_logs (2)
    → ScopeLogs.scope (1), .log_records (2)

of finished parts are these parts, one behind the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope

_FIRST: Final = b"\x0a"
_SECOND: Final = b"\x12"
"""Fields 1 and 2 of a kind that has a length."""


class Exported(NamedTuple):
    """A record that is ready to be sent."""

    id: str
    resource: bytes
    """Its Resource; the same object for as long as the source's resource stays the same."""
    field: bytes
    """Its LogRecord, as a field of ScopeLogs."""


def record_field(record: bytes) -> bytes:
    """A LogRecord as a field of ScopeLogs."""
    return _SECOND + _length(len(record)) + record


def _field(number: bytes, value: bytes) -> bytes:
    return number + _length(len(value)) + value


def _length(size: int) -> bytes:
    """A varint."""
    out = bytearray()
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    out.append(size)
    return bytes(out)


_SCOPE: Final = _field(_FIRST, InstrumentationScope(name="logferry").SerializeToString())


def request(records: Iterable[Exported]) -> bytes:
    """An ExportLogsServiceRequest: records of one resource together, each resource in the order of its first record."""
    groups: dict[bytes, list[bytes]] = {}
    for each in records:
        groups.setdefault(each.resource, []).append(each.field)
    return b"".join([_group(resource, fields) for resource, fields in groups.items()])


def _group(resource: bytes, fields: list[bytes]) -> bytes:
    scope_logs = _SCOPE + b"".join(fields)
    return _field(_FIRST, _field(_FIRST, resource) + _field(_SECOND, scope_logs))
