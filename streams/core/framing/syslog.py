"""Framing ``syslog``: messages behind the number of their bytes, ``LENGTH SP MESSAGE`` (RFC 6587, 3.4.1).

Body is the text of a message without its header; the header's parts become severity, timestamp and the attributes
facility, hostname, appname, procid, msgid and structured_data; the whole message stays as the original. Where the text
is a JSON object, it is read as any JSON line, and its level goes before the priority. A message without priority, or
with an RFC 5424 header that is not whole, becomes a record of all its text, flagged ``malformed``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from streams.core.framing.event import Content, Event, Told, Unreadable, content_of, in_range, told_by_priority
from streams.core.framing.syslog_header import Header, parse_header, priority_of
from streams.core.parsers.parsed import Fields, decode

_COUNT: Final = re.compile(rb"([1-9]\d{0,9}) ")
_LINE_ENDS: Final = b"\r\n\x00"
"""What some senders put behind a message (RFC 6587, 3.4.2)."""
MALFORMED: Final = "malformed"


def entries(chunk: Mapping[str, Any]) -> Iterator[Event | Unreadable]:
    """The messages of a chunk; position is the first byte of the count."""
    payload, offset, observed = chunk["payload"], chunk["offset"], chunk["observed_timestamp"]
    at = 0
    while at < len(payload):
        count = _COUNT.match(payload, at)
        end = 0 if count is None else count.end() + int(count[1])
        if count is None or end > len(payload):
            yield Unreadable(offset + at, payload[at:], "not a syslog message behind the number of its bytes")
            return
        yield _event(offset + at, payload[at:end], payload[count.end() : end], observed)
        at = end


def _event(position: int, whole: bytes, message: bytes, observed: int) -> Event:
    message = message.rstrip(_LINE_ENDS)
    priority = priority_of(message)
    told = Told() if priority is None else told_by_priority(priority & 7)
    header = None if priority is None else parse_header(message, priority, observed)
    if header is None:
        content = content_of(message, told)
        return Event(position, observed, content.number, partial(_malformed, content), lambda: whole)
    content = content_of(header.text, told)
    return Event(
        position,
        in_range(header.timestamp or 0, observed),
        content.number,
        partial(_fields, message, header, content),
        lambda: whole,
    )


def _fields(message: bytes, header: Header, content: Content) -> Fields:
    fields = content.fields(header.attributes)
    fields["original"], fields["flags"] = decode(message)
    fields["parser"] = header.format
    return fields


def _malformed(content: Content) -> Fields:
    fields = content.fields({})
    fields["flags"] += (MALFORMED,)
    return fields
