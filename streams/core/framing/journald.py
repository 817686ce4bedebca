r"""Framing ``journald``: entries in the Journal Export Format, each ended by an empty line.

A field is ``NAME=value\n``, or, where its value is not plain text, ``NAME\n``, the value's length as 64 bits
little-endian, the value, ``\n`` (https://systemd.io/JOURNAL_EXPORT_FORMATS/). Body is MESSAGE, the time is the
journal's (__REALTIME_TIMESTAMP), the record's position its __SEQNUM, or the ``i`` of its __CURSOR. All other fields
become attributes under their own names, a list where one occurs several times.

PRIORITY is the severity, but what a service prints (_TRANSPORT=stdout) has the unit's default there, so a level that
its text tells goes before it: kubelet's and etcd's errors are errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from streams.core.framing.event import (
    NUMBERED_STEP,
    POSITION_MAX,
    Content,
    Event,
    Told,
    Unreadable,
    content_of,
    in_range,
    told_by_priority,
)
from streams.core.parsers.parsed import Fields

Entry: TypeAlias = dict[bytes, list[bytes]]
"""Name -> its values."""

_ADDRESSES: Final = {b"__CURSOR", b"__REALTIME_TIMESTAMP", b"__SEQNUM", b"__SEQNUM_ID"}
"""Told by the record's own time, position and incarnation."""
_OWN: Final = _ADDRESSES | {b"MESSAGE", b"PRIORITY"}
_CURSOR_NUMBER: Final = re.compile(rb"(?:^|;)i=([0-9a-f]{1,16})(?:;|$)")
_LENGTH_BYTES: Final = 8


def entries(chunk: Mapping[str, Any]) -> Iterator[Event | Unreadable]:
    """The entries of a chunk."""
    payload: bytes = chunk["payload"]
    at = 0
    while at < len(payload):
        if payload[at : at + 1] == b"\n":  # more than one empty line
            at += 1
            continue
        entry, end = _entry(payload, at)
        number = None if entry is None else _number(entry)
        if entry is None or number is None:
            problem = "not an entry in the Journal Export Format" if entry is None else "an entry without __SEQNUM"
            yield Unreadable(chunk["offset"], payload[at:end], problem)
        else:
            yield _event(number, entry, payload[at:end], chunk["observed_timestamp"])
        at = end


def _entry(payload: bytes, at: int) -> tuple[Entry | None, int]:
    """The entry that begins at a position, and where it ends; no entry where it cannot be read."""
    begin, entry = at, Entry()
    while (newline := payload.find(b"\n", at)) > at:
        name, equals, value = payload[at:newline].partition(b"=")
        at = newline + 1
        if not equals:
            size_end = at + _LENGTH_BYTES
            end = size_end + int.from_bytes(payload[at:size_end], "little")
            if payload[end : end + 1] != b"\n":
                return None, _behind_empty_line(payload, begin)
            value, at = payload[size_end:end], end + 1
        entry.setdefault(name, []).append(value)
    return (entry, at + 1) if newline == at else (None, len(payload))


def _behind_empty_line(payload: bytes, at: int) -> int:
    found = payload.find(b"\n\n", at)
    return found + 2 if found >= 0 else len(payload)


def _number(entry: Entry) -> int | None:
    text = entry.get(b"__SEQNUM", [b""])[0]
    if text.isdigit() and len(text) < 20:
        number = int(text)
    else:
        cursor = _CURSOR_NUMBER.search(entry.get(b"__CURSOR", [b""])[0])
        number = -1 if cursor is None else int(cursor[1], 16)
    return number if 0 <= number <= POSITION_MAX else None


def _event(number: int, entry: Entry, original: bytes, observed: int) -> Event:
    micros = entry.get(b"__REALTIME_TIMESTAMP", [b""])[0]
    priority = entry.get(b"PRIORITY", [b""])[0]
    told = told_by_priority(int(priority)) if priority.isdigit() and len(priority) == 1 else Told()
    text = entry.get(b"MESSAGE", [b""])[0]
    content = content_of(text, told, text_tells=entry.get(b"_TRANSPORT") == [b"stdout"])
    return Event(
        number,
        in_range(int(micros) * 1000 if micros.isdigit() and len(micros) < 20 else 0, observed),
        content.number,
        partial(_fields, content, entry),
        lambda: original,
        step=NUMBERED_STEP,
    )


def _fields(content: Content, entry: Entry) -> Fields:
    attributes = {_text(name): _values(values) for name, values in entry.items() if name not in _OWN or len(values) > 1}
    return content.fields(attributes)


def _values(values: list[bytes]) -> str | list[str]:
    return _text(values[0]) if len(values) == 1 else [_text(value) for value in values]


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")
