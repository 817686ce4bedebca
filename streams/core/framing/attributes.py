"""Attributes of records: whatever a source tells; in a record they are the text of one JSON object."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final, TypeAlias

import orjson

Attributes: TypeAlias = dict[str, Any]

DEPTH_MAX: Final = 100
"""Deeper nesting is cut off; orjson writes 254 levels."""
TOO_DEEP: Final = "(nested too deeply)"


def json_text(value: Any) -> str:
    r"""A value in JSON, without line breaks. What JSON cannot hold stands as text: bytes with ``\xNN``, NaN by name."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return orjson.dumps(plain(value)).decode()


def written(attributes: Attributes) -> Attributes:
    """Attributes of things that JSON can hold; the same object where they are so already."""
    try:
        orjson.dumps(attributes)
    except TypeError:
        found: Attributes = plain(attributes)
        return found
    return attributes


def plain(value: Any, depth: int = 0) -> Any:
    """A value of things that JSON can hold."""
    match value:
        case str():
            return clean(value)
        case bool() | None:
            return value
        case int():
            return value if -(1 << 63) <= value < 1 << 64 else str(value)
        case float():
            return value if isfinite(value) else str(value)
        case bytes():
            return value.decode(errors="backslashreplace")
        case dict() | list() | tuple():
            return TOO_DEEP if depth >= DEPTH_MAX else _plain_members(value, depth + 1)
        case _:
            return clean(str(value))


def _plain_members(value: dict[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> Any:
    if isinstance(value, dict):
        return {_key(key): plain(each, depth) for key, each in value.items()}
    return [plain(each, depth) for each in value]


def _key(key: object) -> str:
    return key.decode(errors="backslashreplace") if isinstance(key, bytes) else clean(str(key))


def clean(text: str) -> str:
    r"""Text that UTF-8 can hold; bytes that came in as halves of surrogate pairs (PEP 383) stand as ``\xNN``."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()


def merged(found: Attributes, more: Attributes) -> Attributes:
    """Two sets of attributes in one; where both have a name, the value in ``found`` stays."""
    return {**found, **more, **found} if more else found
