r"""Redaction: what must not be told is taken out of a line before anybody reads it.

Sample, with ``detect: [email, token]``: ``{"user":"bob@example.org","password":"hunter2"}`` becomes
``{"user":"[email]","password":"[token]"}``.

A line goes through as bytes, before it is parsed, so everything that is made of it is clean: body, attributes, the
original, a dead letter. JSON is rewritten string by string (`streams.core.redact_json`), other text as it stands. The
markers of all detectors are looked for in one pass, less than a microsecond for a line that has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from schemas.errors import SettingsError
from streams.core.detectors.detected import Span, in_order
from streams.core.detectors.token import is_nothing, is_secret_name
from streams.core.framing.attributes import DEPTH_MAX, TOO_DEEP
from streams.core.redact_json import is_json, rewritten
from streams.core.redact_steps import Step, marks, steps_of, with_base64

if TYPE_CHECKING:
    from schemas.settings.redaction import RedactionRule
    from schemas.settings.secret import Secret

Hits: TypeAlias = dict[str, int]
"""How often something was taken out, by the name of its detector or pattern."""

_ESCAPED: Final = re.compile(rb"\\++u00([2-7][0-9A-Fa-f])")
_JSON_IN_JSON: Final = 8
"""A text in a text in a text: deeper ones are searched as they stand."""


def _no_secrets(_secret: Secret) -> str:
    raise SettingsError("redaction with mode hash needs its key, and nothing is there to fetch it")


def redactor_of(rules: Sequence[RedactionRule], secret_of: Callable[[Secret], str] = _no_secrets) -> Redactor | None:
    """What several rules ask for, all together; None when they ask for nothing.

    ``secret_of`` gives the value of a secret, fetched before. Where two rules look for the same, the first decides what
    becomes of it. Raises SettingsError for an expression that RE2 does not take.
    """
    steps = steps_of(rules, secret_of)
    return Redactor(steps) if steps else None


class Redactor:
    """The rules for a source, ready to be used. Not for two threads at once."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.hits: Hits = {}
        """Counted up by every method; whoever reads it clears it."""
        self._detectors: Final = with_base64([step for step in steps if step.marker])
        self._patterns: Final = [step for step in steps if not step.marker]
        self._mark: Final = marks(self._detectors)
        self._made: Final = re.compile(b"|".join({step.replacement.made for step in steps}) or b"(?!)")
        self._secrets: Final = next((step for step in self._detectors if step.name == "token"), None)
        self._anchored: Final = any(step.anchored for step in steps)
        self._nested = 0

    def content(self, content: bytes) -> bytes:
        """A line, or several that were joined. JSON stays JSON. The same object when nothing is found."""
        if self._mark(content) is None and not self._patterns and b"\\u00" not in content:
            return content
        if self._suspects(content) and self._nested < _JSON_IN_JSON and is_json(content):
            places = None if b"\\" in content or self._anchored else self._places(content)
            if places == []:
                return content
            self._nested += 1
            content = rewritten(content, self, places)
            self._nested -= 1
            return content
        return self._plain(content)

    def text(self, text: str) -> str:
        """The same for text."""
        content = text.encode("utf-8", "surrogatepass")
        new = self.content(content)
        return text if new is content else _text(new)

    def value(self, value: Any) -> Any:
        """The same for entries that come with a structure: strings, numbers and keys of dictionaries and lists."""
        try:
            if not self._suspects(orjson.dumps(value)):
                return value
        except TypeError:
            pass  # something that JSON cannot hold, such as bytes: look at every part
        return self._walk(value, 0, secret=False)

    # -- what `rewritten` asks for --

    def string(self, text: bytes) -> bytes:
        """A string or key of JSON, decoded."""
        return self.content(text)

    def number(self, text: bytes) -> bytes:
        """A number as JSON writes it."""
        return self._flat(text, self.hits)

    def secret(self, text: bytes) -> bytes:
        """A value under a name that says that it is a secret."""
        step = self._secrets
        if step is None or is_nothing(text) or self._made.fullmatch(text):
            return text
        self.hits[step.name] = self.hits.get(step.name, 0) + 1
        return step.replacement.of(text)

    def is_secret_name(self, key: bytes) -> bool:
        """Whether a key says that."""
        return self._secrets is not None and is_secret_name(key)

    # -- texts --

    def _suspects(self, content: bytes) -> bool:
        """Whether any marker is there, or nobody knows; what JSON writes as an escape counts too."""
        if self._patterns:
            return True
        return self._mark(_opened(content) if b"\\u00" in content else content) is not None

    def _places(self, content: bytes) -> list[Span]:
        """Where something is, in order; at least all that is found in strings of JSON by themselves."""
        steps = (*(self._detectors[number] for number in self._mark(content) or ()), *self._patterns)
        return in_order([span for step in steps for span in step.spans(content)])

    def _plain(self, content: bytes) -> bytes:
        content = self._flat(content, self.hits)
        if b"\\u00" in content:
            opened = _opened(content)
            closed = self._flat(opened, self.hits)
            if closed is not opened:
                return closed
        return content

    def _flat(self, content: bytes, hits: Hits) -> bytes:
        """All detectors and patterns over bytes as they stand."""
        for number in sorted(self._mark(content) or ()):
            content = self._apply(self._detectors[number], content, hits)
        for step in self._patterns:
            content = self._apply(step, content, hits)
        return content

    def _apply(self, step: Step, content: bytes, hits: Hits) -> bytes:
        spans = step.spans(content)
        if not spans:
            return content
        pieces: list[bytes] = []
        at = 0
        for start, end, value in _without(spans, content, self._made):
            pieces += content[at:start], step.replacement.of(value)
            at = end
        if not pieces:
            return content
        hits[step.name] = hits.get(step.name, 0) + len(pieces) // 2
        return b"".join((*pieces, content[at:]))

    # -- structures --

    def _walk(self, value: Any, depth: int, *, secret: bool) -> Any:
        match value:
            case str() | bytes():
                return self._word(value, secret=secret)
            case bool() | None:
                return value
            case int() | float():
                text = repr(value).encode()
                new = self.secret(text) if secret else self.number(text)
                return value if new is text else _text(new)
            case dict() | list() | tuple() if depth >= DEPTH_MAX:
                return TOO_DEEP
            case dict():
                return self._members(value, depth + 1, secret=secret)
            case list() | tuple():
                return [self._walk(each, depth + 1, secret=secret) for each in value]
        return value

    def _word(self, value: str | bytes, *, secret: bool) -> str | bytes:
        content = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        new = self.secret(content) if secret else self.content(content)
        if new is content:
            return value
        return _text(new) if isinstance(value, str) else new

    def _members(self, value: dict[Any, Any], depth: int, *, secret: bool) -> dict[Any, Any]:
        """A dictionary; keys that are alike now are told apart by numbers."""
        found: dict[Any, Any] = {}
        for key, each in value.items():
            name = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
            hides = secret or (isinstance(name, bytes) and self.is_secret_name(name))
            found[_free(self._walk(key, depth, secret=False), found)] = self._walk(each, depth, secret=hides)
        return found


def _without(spans: list[Span], content: bytes, made: re.Pattern[bytes]) -> Iterator[Span]:
    """Spans that are not the work of redaction themselves: ``[token:…]`` looks like a name with its token."""
    pieces = made.finditer(content)
    piece = next(pieces, None)
    for start, end, value in spans:
        while piece is not None and piece.end() < end:
            piece = next(pieces, None)
        again = made.match(content, start)
        if not (piece is not None and piece.start() <= start) and (again is None or again.end() < end):
            yield start, end, value


def _free(key: Any, taken: Mapping[Any, Any]) -> Any:
    if key not in taken:
        return key
    text = _text(key) if isinstance(key, bytes) else str(key)
    return next(name for name in (f"{text} {number}" for number in range(2, len(taken) + 3)) if name not in taken)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return content.decode("utf-8", "backslashreplace")


def _opened(content: bytes) -> bytes:
    r"""Text with the escapes of JSON for characters of ASCII opened, on whatever level of quoting: ``\\u0040``."""
    return _ESCAPED.sub(lambda escape: bytes((int(escape[1], 16),)), content)
