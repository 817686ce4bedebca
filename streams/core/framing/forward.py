"""Framing ``forward``: MessagePack arrays ``[time, record]``, one after another (Fluentd Forward Protocol v1).

Sample: ``[EventTime, {"log": "hello", "source": "stdout", "container_id": "…", "container_name": "/web"}]``, as
Docker's fluentd driver sends it. ``time`` is an EventTime (ext type 0: seconds and nanoseconds, 32 bits each), a
number of seconds, a MessagePack timestamp, or any of them with metadata as Fluent Bit sends it, ``[time, metadata]``;
nil and 0 are the time at which the chunk was received.

Body is ``log`` or ``message`` (read as a line of any container: JSON or text), else what a JSON line has as its
message, else the whole record. ``source`` or ``stream`` is the stream where it says stdout or stderr; Docker's
container_id and container_name become container.id and container.name; ``kubernetes``, as Fluent Bit's and Fluentd's
filters add it, the record's pod. Everything else is attributes. A record's position is that of its entry's first byte.
Pieces of a line that the driver cut (partial_message) stay records of their own, with the attributes that say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from math import isfinite
from typing import Any, Final

import msgpack

from streams.core.framing.attributes import json_text, plain
from streams.core.framing.event import Container, Content, Event, Told, Unreadable, content_of, in_range
from streams.core.parsers import json
from streams.core.parsers.parsed import Fields

MEMBERS_MAX: Final = 1 << 16
"""Longer arrays and maps are not read: an array only has to say how long it is to take that much memory."""
UNREADABLE_MAX: Final = 100
"""After so many objects that cannot be read, the rest of a chunk is taken for one: looking for the next costs time."""
TEXT_KEYS: Final = ("log", "message")
_STREAMS: Final = ("stdout", "stderr")


def entries(chunk: Mapping[str, Any]) -> Iterator[Event | Unreadable]:
    """The entries of a chunk."""
    payload, offset, observed = chunk["payload"], chunk["offset"], chunk["observed_timestamp"]
    for begin, end, value in _values(payload):
        event = _event(offset + begin, value, payload[begin:end], observed)
        if event is None:
            yield Unreadable(offset + begin, payload[begin:end], "not a [time, record] of MessagePack")
        else:
            yield event


def _values(payload: bytes) -> Iterator[tuple[int, int, Any]]:
    """Begin, end and value of each object; None for one that cannot be read."""
    begin = 0
    for _ in range(UNREADABLE_MAX):
        start, unpacker = begin, _unpacker(payload[begin:])
        while begin < len(payload):
            try:
                value = unpacker.unpack()
            except Exception:  # whatever the bytes lead it to raise: nesting, lengths, keys that are maps …
                end = _end(payload[begin:])
                yield begin, begin + end, None
                begin += end
                break
            end = start + unpacker.tell()
            yield begin, end, value
            begin = end
    if begin < len(payload):
        yield begin, len(payload), None


def _unpacker(payload: bytes) -> msgpack.Unpacker:
    unpacker = msgpack.Unpacker(
        strict_map_key=False,
        unicode_errors="surrogateescape",
        max_buffer_size=max(len(payload), 1),
        max_array_len=MEMBERS_MAX,
        max_map_len=MEMBERS_MAX,
    )
    unpacker.feed(payload)
    return unpacker


def _end(payload: bytes) -> int:
    """Length of an object that cannot be read but perhaps be skipped."""
    unpacker = _unpacker(payload)
    try:
        unpacker.skip()
    except Exception:  # it cannot
        return len(payload)
    return int(unpacker.tell())


def _event(position: int, value: Any, original: bytes, observed: int) -> Event | None:
    if type(value) is not list or len(value) != 2 or type(value[1]) is not dict:
        return None
    time, record = value
    metadata = None
    if type(time) is list and len(time) == 2:
        time, metadata = time
    nanos = _nanos(time)
    if nanos is None:
        return None
    if metadata:
        record.setdefault("metadata", metadata)
    text = _take_text(record)
    content = content_of(json_text(record).encode(), Told()) if text is None else content_of(text, _told(record))
    stream = next((key for key in ("source", "stream") if record.get(key) in _STREAMS), None)
    return Event(
        position,
        in_range(nanos, observed),
        content.number,
        partial(_fields, content, record, whole=text is None),
        lambda: original,
        stream=None if stream is None else record.pop(stream),
        container=_container(record),
    )


def _nanos(time: Any) -> int | None:
    """Nanoseconds since 1970; 0 for the time of receipt; None when it is no time."""
    match time:
        case None:
            return 0
        case msgpack.ExtType(code=0, data=data) if len(data) == 8:
            return int.from_bytes(data[:4], "big") * 1_000_000_000 + int.from_bytes(data[4:], "big")
        case msgpack.Timestamp():
            return int(time.to_unix_nano())
        case bool():
            return None
        case int():
            return time * 1_000_000_000
        case float() if isfinite(time):
            return int(time * 1_000_000) * 1000
        case _:
            return None


def _told(record: dict[Any, Any]) -> Told:
    """The level that stands beside the text."""
    number, key = json.find_level(record)
    return Told(number, None if key is None else str(record.pop(key)))


def _take_text(record: dict[Any, Any]) -> bytes | None:
    """The text of a record, without the line end that tailing inputs leave there."""
    for key in (*TEXT_KEYS, *json.MESSAGE_KEYS):
        value = record.get(key)
        if isinstance(value, str):
            value = value.encode("utf-8", "surrogateescape")
        if isinstance(value, bytes):
            del record[key]
            return value.removesuffix(b"\n")
    return None


def _container(record: dict[Any, Any]) -> Container | None:
    """The pod that a Kubernetes filter added, taken out of the record."""
    found = record.get("kubernetes")
    if type(found) is not dict or not all(
        type(found.get(key)) is str for key in ("namespace_name", "pod_name", "container_name")
    ):
        return None
    found = plain(record.pop("kubernetes"))
    return {
        "namespace": found["namespace_name"],
        "pod": found["pod_name"],
        "pod_uid": _text_or(found.get("pod_id"), ""),
        "name": found["container_name"],
        "id": _text_or(found.get("docker_id"), None),
        "image": _text_or(found.get("container_image"), None),
        "labels": _texts(found.get("labels")),
        "annotations": _texts(found.get("annotations")),
    }


def _text_or(value: Any, otherwise: str | None) -> str | None:
    return value if type(value) is str else otherwise


def _texts(value: Any) -> dict[str, str]:
    return {key: str(each) for key, each in value.items()} if type(value) is dict else {}


def _fields(content: Content, record: dict[Any, Any], *, whole: bool) -> Fields:
    """``whole``: the content is the record itself, which has no text."""
    if whole:
        return content.fields({})
    trace, span = json.take_hex(record, json.TRACE_KEYS, 32), json.take_hex(record, json.SPAN_KEYS, 16)
    if type(record.get("container_id")) is str and type(record.get("container_name")) is str:
        record["container.id"] = record.pop("container_id")
        record["container.name"] = record.pop("container_name").removeprefix("/")
    fields = content.fields(record)
    fields["trace_id"] = fields["trace_id"] or trace
    fields["span_id"] = fields["span_id"] or span
    return fields
