"""Documents of topics of ``format: json``: which record each is, and of which day, as its headers say.

::

    id: AAECAwQFBgcAAAAAAAE   day: 2026-11-21   {"@timestamp":"2026-11-21T01:02:03.000000004Z","log":…}

Nobody needs to read what stands between the braces to say where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from schemas.codec import Undecodable
from schemas.document import DAY_HEADER, ID_HEADER

Headers: TypeAlias = Iterable[tuple[str, bytes | str | None]]

NO_IDENTITY: Final = "no_identity"
"""Reason of a document that does not say where it belongs."""

_ID: Final = re.compile(rb"[A-Za-z0-9_-]{18}[AEIMQUYcgkosw048]")
"""What `schemas.identity.parse_record_id` takes: the last character carries four bits."""
_DAY: Final = re.compile(rb"\d{4}-\d\d-\d\d")


class Identified(NamedTuple):
    """What the headers of a document say."""

    id: bytes
    """The record id, 19 characters."""
    day: bytes
    """YYYY-MM-DD in UTC."""
    begins_at: int
    """Of that day, in nanoseconds since 1970."""


def identified(headers: Headers | None, value: bytes) -> Identified | Undecodable:
    """Which record a document is. Never raises on input; a value that could spoil its neighbours is refused."""
    told = dict(headers or ())
    id_, day = _bytes(told.get(ID_HEADER)), _bytes(told.get(DAY_HEADER))
    if _ID.fullmatch(id_) is None:
        return _no_identity(ID_HEADER, id_, "a record id")
    begins_at = _nanos(day)
    if begins_at is None:
        return _no_identity(DAY_HEADER, day, "a day such as 2026-11-21")
    problem = _problem(value)
    if problem:
        return Undecodable("malformed_value", f"document: {problem}")
    return Identified(id_, day, begins_at)


def _bytes(value: bytes | str | None) -> bytes:
    return value if isinstance(value, bytes) else (value or "").encode()


def _no_identity(name: str, value: bytes, what: str) -> Undecodable:
    shown = value[:40].decode(errors="replace")
    found = f"{shown!r} is not {what}" if value else "is missing"
    return Undecodable(NO_IDENTITY, f"document: header {name} {found}, so nobody knows where it belongs")


@lru_cache(maxsize=1000)
def _nanos(day: bytes) -> int | None:
    """Nanoseconds since 1970 at the beginning of a day; None: it is none."""
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
