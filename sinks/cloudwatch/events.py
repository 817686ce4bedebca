"""Documents as events of CloudWatch Logs: where each goes, its time in milliseconds, and its message.

An event holds 1 MiB at most, counted as PutLogEvents counts (API reference): UTF-8 bytes and 26 more. What is longer
becomes several events of the same time, so that nothing is cut off. An original line is divided between characters. A
document (which begins with its record id, by which a reader finds doubles) is divided by its line: each part is a
document with a part of ``log``, with ``id`` followed by ``/1`` and so on, with ``logferry.part`` and
``logferry.parts``. ``message`` is left out of parts, since the line contains it; ``attributes`` stand in each.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import orjson

from schemas.codec import Undecodable
from schemas.document import escaped
from sinks.cloudwatch.names import Stream, StreamNames
from sinks.core.cutting import json_pieces, pieces
from sinks.core.text import encoded, with_id

EVENT_OVERHEAD: Final = 26
"""Bytes that CloudWatch adds to each event."""
REQUEST_BYTES_AT_MOST: Final = 1_048_576
"""Of all messages of a request, with EVENT_OVERHEAD for each. One event may fill it."""
MESSAGE_BYTES_AT_MOST: Final = REQUEST_BYTES_AT_MOST - EVENT_OVERHEAD
BLANK: Final = " "
"""An event for an empty line: CloudWatch takes no empty message."""
TOO_LONG: Final = "record_too_long"
_MANY: Final = 10**6
"""More parts than a record can have."""

Format = Literal["json", "original"]


class Event(NamedTuple):
    """What becomes of one record."""

    stream: Stream
    timestamp: int
    """Milliseconds since 1970."""
    messages: tuple[str, ...]
    """One; several, where one would be too long."""
    sizes: tuple[int, ...]
    """Bytes of each in a request."""


class EventBuilder:
    """Makes events of documents."""

    def __init__(self, names: StreamNames, form: Format, message_at_most: int = MESSAGE_BYTES_AT_MOST) -> None:
        self._names = names
        self._form = form
        self._at_most = message_at_most

    def event(self, id_: str, body: bytes) -> Event | Undecodable:
        """The event of a document in JSON with that record id. Never raises on input."""
        document = _loads(body)
        if document is None:
            return Undecodable("malformed_value", "document: it is not one JSON object")
        timestamp = milliseconds(document.get("@timestamp"))
        if timestamp is None:
            shown = repr(document.get("@timestamp"))[:60]
            return Undecodable("malformed_value", f"document: @timestamp is no time of the form RFC 3339: {shown}")
        whole = _original(document) if self._form == "original" else with_id(id_, body)
        messages = [whole] if len(whole) <= self._at_most else self._divided({"id": id_, **document}, whole)
        if not messages:
            problem = (
                f"{len(whole)} bytes, and without its line it is still too long for the {self._at_most} of an event"
            )
            return Undecodable(TOO_LONG, problem)
        texts = tuple(message.decode() for message in messages)
        return Event(
            self._names.stream(document), timestamp, texts, tuple(len(message) + EVENT_OVERHEAD for message in messages)
        )

    def _divided(self, document: dict[str, Any], whole: bytes) -> list[bytes]:
        """Parts that fit; none, when there is no room for a line beside the rest of a document."""
        if self._form == "original":
            return list(pieces(whole, self._at_most))
        try:
            return divided_document(document, self._at_most)
        except RecursionError:  # hundreds of levels
            return []


def _original(document: dict[str, Any]) -> bytes:
    line = document.get("log")
    return encoded((line if isinstance(line, str) else str(document.get("message") or "")) or BLANK)


def divided_document(document: dict[str, Any], most: int) -> list[bytes]:
    """Documents with parts of the line, of ``most`` bytes each; none, when the rest takes more than half of that."""
    line = document.get("log") or document.get("message")
    room = most - len(_part(document, "", _MANY, _MANY))
    if room < most // 2 or not isinstance(line, str):
        return []
    parts = list(json_pieces(line, room))
    return [_part(document, part, number, len(parts)) for number, part in enumerate(parts, 1)]


def _part(document: dict[str, Any], text: str, number: int, count: int) -> bytes:
    rest = {name: value for name, value in document.items() if name not in ("id", "log", "message", "logferry")}
    origin = document.get("logferry")
    numbers = {"part": number, "parts": count}
    logferry = {**origin, **numbers} if isinstance(origin, dict) else numbers
    return _dumps({"id": f"{document.get('id')}/{number}", **rest, "log": text, "logferry": logferry})


def milliseconds(text: Any) -> int | None:
    """Milliseconds since 1970 of a time as `schemas.document.iso_time` writes it, or another of RFC 3339."""
    if not isinstance(text, str):
        return None
    if len(text) == 30 and text[19] == "." and text[29] == "Z" and text[20:23].isdecimal():
        seconds = _seconds(text[:19] + "Z")
        return None if seconds is None else seconds * 1000 + int(text[20:23])
    return _milliseconds(text)


@lru_cache(maxsize=4096)
def _seconds(text: str) -> int | None:
    found = _milliseconds(text)
    return None if found is None else found // 1000


def _milliseconds(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def _loads(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            found = json.loads(body)  # takes half a surrogate pair
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, dict) else None


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        return escaped(value)
