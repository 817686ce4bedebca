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
from typing import Final, TypeAlias

from schemas.codec import Undecodable
from schemas.document import DAY_HEADER, ID_HEADER

Headers: TypeAlias = Iterable[tuple[str, bytes | str | None]]

NO_IDENTITY: Final = "no_identity"
"""Reason of a document that does not say where it belongs."""

_ID: Final = re.compile(rb"[A-Za-z0-9_-]{18}[AEIMQUYcgkosw048]")
"""What `schemas.identity.parse_record_id` takes: the last character carries four bits."""
_DAY: Final = re.compile(rb"\d{4}-\d\d-\d\d")


Identified: TypeAlias = tuple[bytes, bytes, int]
"""Record id (19 characters), day (YYYY-MM-DD in UTC), and when that day begins, in nanoseconds since 1970."""


def identified(headers: Headers | None, value: bytes) -> Identified | Undecodable:
    """Which record a document is. Never raises on input; a value that could spoil its neighbours is refused."""
    id_, day = _told(headers)
    begins_at = _nanos(day)
    if begins_at is not None and _ID.fullmatch(id_) and _is_one_line(value):
        return id_, day, begins_at
    return _refusal(id_, day, begins_at, value)


def _told(headers: Headers | None) -> tuple[bytes, bytes]:
    """Id and day, empty where they are missing."""
    if type(headers) is list and len(headers) == 2:
        (one, id_), (other, day) = headers
        if one == ID_HEADER and other == DAY_HEADER and type(id_) is bytes and type(day) is bytes:
            return id_, day  # as streams write them
    told = dict(headers or ())
    return _bytes(told.get(ID_HEADER)), _bytes(told.get(DAY_HEADER))


def _is_one_line(value: bytes) -> bool:
    """Whether a value may be the one line of an object; what is inside of it is not looked at."""
    return value[:1] == b"{" and value[-1:] == b"}" and b"\n" not in value and (value.isascii() or not _not_utf8(value))


def _refusal(id_: bytes, day: bytes, begins_at: int | None, value: bytes) -> Undecodable:
    if _ID.fullmatch(id_) is None:
        return _no_identity(ID_HEADER, id_, "a record id")
    if begins_at is None:
        return _no_identity(DAY_HEADER, day, "a day such as 2026-11-21")
    return Undecodable("malformed_value", f"document: {_problem(value)}")


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
    """What keeps a value from being one line."""
    if value[:1] != b"{" or value[-1:] != b"}":
        return "it is not one JSON object"
    return "it has several lines" if b"\n" in value else _not_utf8(value)


def _not_utf8(value: bytes) -> str:
    try:
        value.decode()
    except UnicodeDecodeError as error:
        return f"it is not UTF-8: {error.reason} at byte {error.start}"
    return ""
