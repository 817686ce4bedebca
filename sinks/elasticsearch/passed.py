"""Documents of topics of ``format: json``: passed on as they are, behind an action line made from their headers.

::

    id: AAECAwQFBgcAAAAAAAE   day: 2026-11-21   {"@timestamp":"2026-11-21T01:02:03.000000004Z","log":…}

Nobody reads what stands between the braces on its way to the index. What Elasticsearch cannot read in a document it
refuses for that document alone, and then it goes to the dead letters with Elasticsearch's reason; what could spoil its
neighbours in the request is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final, TypeAlias

from schemas.codec import Undecodable
from schemas.document import DAY_HEADER, ID_HEADER
from schemas.identity import index_name
from sinks.elasticsearch.document import action

Headers: TypeAlias = Iterable[tuple[str, bytes | str | None]]

NO_IDENTITY: Final = "no_identity"
"""Reason of a document that does not say where it belongs."""

_ID: Final = re.compile(rb"[A-Za-z0-9_-]{18}[AEIMQUYcgkosw048]")
"""What `schemas.identity.parse_record_id` takes: the last character carries four bits."""
_DAY: Final = re.compile(rb"\d{4}-\d\d-\d\d")
_DAYS_REMEMBERED: Final = 1000


class PassedLines:
    """Turns documents into the lines of a bulk request."""

    def __init__(self, index_pattern: str) -> None:
        self._index_pattern = index_pattern
        self._actions: dict[bytes, bytes] = {}
        """Day -> beginning of the action line."""

    def line(self, headers: Headers | None, value: bytes) -> bytes | Undecodable:
        """The action line of a document and the document, both with their line ends. Never raises on input."""
        told = dict(headers or ())
        id_, day = _bytes(told.get(ID_HEADER)), _bytes(told.get(DAY_HEADER))
        if _ID.fullmatch(id_) is None:
            return _no_identity(ID_HEADER, id_, "a record id")
        begin = self._actions.get(day) or self._action(day)
        if not begin:
            return _no_identity(DAY_HEADER, day, "a day such as 2026-11-21")
        problem = _problem(value)
        if problem:
            return Undecodable("malformed_value", f"document: {problem}")
        return b'%b"%b"}}\n%b\n' % (begin, id_, value)

    def _action(self, day: bytes) -> bytes:
        """Beginning of the action line for a day; empty: it is none."""
        begins_at = _nanos(day)
        if begins_at is None:
            return b""
        if len(self._actions) >= _DAYS_REMEMBERED:
            self._actions.clear()
        found = self._actions[day] = action(index_name(self._index_pattern, begins_at))
        return found


def _bytes(value: bytes | str | None) -> bytes:
    return value if isinstance(value, bytes) else (value or "").encode()


def _no_identity(name: str, value: bytes, what: str) -> Undecodable:
    shown = value[:40].decode(errors="replace")
    found = f"{shown!r} is not {what}" if value else "is missing"
    return Undecodable(NO_IDENTITY, f"document: header {name} {found}, so nobody knows where it belongs")


def _nanos(day: bytes) -> int | None:
    """Nanoseconds since 1970 at the beginning of a day."""
    if _DAY.fullmatch(day) is None:
        return None
    try:
        found = date.fromisoformat(day.decode())
    except ValueError:
        return None
    return int(datetime(found.year, found.month, found.day, tzinfo=UTC).timestamp()) * 1_000_000_000


def _problem(value: bytes) -> str:
    """What keeps a value from being the one line of an object; what is inside of it is not looked at."""
    if value[:1] != b"{" or value[-1:] != b"}":
        return "it is not one JSON object"
    if b"\n" in value:
        return "it has several lines"
    if not value.isascii():
        try:
            value.decode()
        except UnicodeDecodeError as error:
            return f"it is not UTF-8: {error.reason} at byte {error.start}"
    return ""
