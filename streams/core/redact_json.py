r"""Redaction inside of JSON texts, piece by piece.

The text is not loaded and written again: only strings and numbers that hold something are replaced, each by a string.
So nothing is hidden by escapes (``\u0040`` is an at-sign), by a key that stands twice, or by depth, every number and
space stays as it was written, and the result is JSON of the same shape.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from sys import maxsize
from typing import Final, Protocol

import orjson

from streams.core.detectors.detected import Span

_PIECE: Final = re.compile(
    rb'(?P<string>"(?:[^"\\]++|\\.)*+")(?P<colon>[ \t\r\n]*+:)?'
    rb"|(?P<number>-?[0-9][0-9.eE+-]*+)|(?P<open>[\[{])|(?P<close>[\]}])|[tfn][a-z]++",
    re.DOTALL,
)


_EVERYWHERE: Final[Span] = (0, maxsize, b"")
_NOWHERE: Final[Span] = (maxsize, maxsize, b"")


class Words(Protocol):
    """What happens to the texts in it. A text in which nothing was found comes back as the same object."""

    def string(self, text: bytes) -> bytes:
        """A string or a key, decoded."""

    def number(self, text: bytes) -> bytes:
        """A number as it is written."""

    def secret(self, text: bytes) -> bytes:
        """A string or number whose key says that it is a secret."""

    def is_secret_name(self, key: bytes) -> bool:
        """Whether a key says that."""


def is_json(content: bytes) -> bool:
    """Whether it is one JSON object or array."""
    if content.lstrip(b" \t\r\n")[:1] not in (b"{", b"["):
        return False
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True


def rewritten(content: bytes, words: Words, places: Sequence[Span] | None = None) -> bytes:
    """A JSON text with its strings and numbers replaced; the same object when none was.

    ``places``, if known: where something may be, in order; strings and numbers elsewhere are not asked about.
    """
    return _Rewriting(words, places).of(content)


class _Rewriting:
    """One pass over a JSON text."""

    def __init__(self, words: Words, places: Sequence[Span] | None) -> None:
        self._words = words
        self._places = None if places is None else iter(places)
        self._place = _EVERYWHERE if self._places is None else next(self._places, _NOWHERE)
        self._depth = 0
        self._named = False
        """The value that comes next stands under a secret name."""
        self._within: int | None = None
        """Depth of the object or array that does, while inside of it."""

    def of(self, content: bytes) -> bytes:
        pieces: list[bytes] = []
        at = 0
        for match in _PIECE.finditer(content):
            new = self._piece(match)
            if new is not None:
                pieces += content[at : match.start()], new
                at = match.end()
        return b"".join((*pieces, content[at:])) if pieces else content

    def _piece(self, match: re.Match[bytes]) -> bytes | None:
        """What stands there instead; None: nothing changes."""
        match match.lastgroup:
            case "colon":
                return self._key(match["string"], match["colon"], asks=self._asks(match))
            case "open":
                self._open()
            case "close":
                self._depth -= 1
                if self._depth == self._within:
                    self._within = None
            case "string" | "number":
                secret = self._named or self._within is not None
                self._named = False
                return self._value(match[0], secret=secret) if secret or self._asks(match) else None
            case _:
                self._named = False
        return None

    def _open(self) -> None:
        if self._named and self._within is None:
            self._within = self._depth
        self._named = False
        self._depth += 1

    def _asks(self, match: re.Match[bytes]) -> bool:
        """Whether something may be there."""
        while self._places is not None and self._place[1] <= match.start():
            self._place = next(self._places, _NOWHERE)
        return self._place[0] < match.end()

    def _key(self, raw: bytes, colon: bytes, *, asks: bool) -> bytes | None:
        text = _decoded(raw)
        self._named = self._words.is_secret_name(text)
        new = self._words.string(text) if asks else text
        return None if new is text else quoted(new) + colon

    def _value(self, raw: bytes, *, secret: bool) -> bytes | None:
        is_string = raw[:1] == b'"'
        text = _decoded(raw) if is_string else raw
        replaced = self._words.secret if secret else self._words.string if is_string else self._words.number
        new = replaced(text)
        return None if new is text else quoted(new)


def _decoded(raw: bytes) -> bytes:
    if b"\\" not in raw:
        return raw[1:-1]
    text: str = orjson.loads(raw)
    return text.encode()


def quoted(text: bytes) -> bytes:
    """Bytes as a JSON string."""
    return orjson.dumps(text.decode(errors="backslashreplace"))
