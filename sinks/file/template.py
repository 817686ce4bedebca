"""Paths made of the fields of a record, none of which leads out of its folder."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sinks.lines import PATH_FIELDS

NONE: Final = "_none"
"""What stands for a field without a value."""
VALUE_MAX_CHARS: Final = 200
"""A name in a file system has 255 bytes at most, and rotation adds some."""

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


class PathTemplate:
    """A path with fields in braces, or a plain one."""

    def __init__(self, text: str) -> None:
        self._text = text
        names = set(_FIELD.findall(text))
        self.needs_record = bool(names - {"topic"})
        """Whether a record has to be looked into."""
        self.path = lru_cache(maxsize=10_000)(self._path)
        """The path for values of PATH_FIELDS, and a topic."""

    @property
    def folder(self) -> str:
        """The first folder, which no field is a part of."""
        plain = self._text.partition("{")[0]
        return plain.rpartition("/")[0] or "/"

    def _path(self, values: tuple[str, ...], topic: str) -> str:
        known = {**dict(zip(PATH_FIELDS, values, strict=False)), "topic": topic}
        return _FIELD.sub(lambda found: fit(known.get(found[1], "")), self._text)


def fit(value: str) -> str:
    """A value as a part of a name: letters, digits, dots, dashes and underscores, and neither ``.`` nor ``..``."""
    safe = _UNSAFE.sub("_", value)[:VALUE_MAX_CHARS]
    return NONE if not safe else safe.replace(".", "_") if not safe.strip(".") else safe
