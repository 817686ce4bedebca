"""Framings whose chunks hold whole entries: what one entry says.

Nothing of such a chunk goes on in another, so each is taken for itself and as often as it comes; the ids of its records
are the same every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from schemas.severity import SYSLOG_SEVERITIES
from streams.core.framing.attributes import Attributes, merged
from streams.core.parsers import json, text
from streams.core.parsers.parsed import Fields, Parser
from streams.core.rfc3339 import FARTHEST_NANOS

Container: TypeAlias = Mapping[str, Any]
"""As source.container of a RawChunk, and perhaps ``restart`` and ``annotations``."""

POSITION_MAX: Final = (1 << 40) - 1
"""Largest number of an entry where entries are numbered."""
NUMBERED_STEP: Final = POSITION_MAX + 1
"""Distance between the positions of a numbered entry's parts: the next numbers belong to other entries."""

SYSLOG_NAMES: Final = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""Severities of RFC 5424 by their usual keywords."""


class Event(NamedTuple):
    """One entry."""

    position: int
    timestamp: int
    """Nanoseconds since 1970."""
    severity: int
    fields: Callable[[], Fields]
    """The rest; built only when somebody wants the record."""
    original: Callable[[], bytes]
    """The entry as it came, for a dead letter."""
    stream: str | None = None
    observed: int | None = None
    """Nanoseconds since 1970, where the entry says when it was observed; else the chunk does."""
    container: Container | None = None
    """The Kubernetes container that the entry says it is of."""
    step: int = 1
    """Distance between the positions of its parts, should it be longer than a record may be."""


class Unreadable(NamedTuple):
    """Bytes that are no entry."""

    position: int
    original: bytes
    message: str


EntryFraming: TypeAlias = Callable[[Mapping[str, Any]], Iterator[Event | Unreadable]]
"""The entries of a chunk, in order. Never raises on input."""


class Told(NamedTuple):
    """A severity that an entry has beside its content."""

    number: int = 0
    name: str | None = None


def told_by_priority(priority: int) -> Told:
    """The severity of a syslog or journald priority, 0 to 7; none outside of it."""
    return Told(SYSLOG_SEVERITIES[priority], SYSLOG_NAMES[priority]) if 0 <= priority <= 7 else Told()


class Content(NamedTuple):
    """What stands in an entry's text, and how severe the entry is."""

    number: int
    parser: Parser
    found: Any
    text: bytes
    name: str | None
    """Name of the severity where the text did not tell it."""

    def fields(self, attributes: Attributes) -> Fields:
        """Fields of the record; ``attributes`` are those of the entry."""
        fields = self.parser.fields(self.text, self.found)
        if self.name is not None:
            fields["severity_text"] = self.name
        if attributes:
            fields["attributes"] = merged(fields["attributes"], attributes)
        return fields


def content_of(content: bytes, told: Told, *, text_tells: bool = False) -> Content:
    """Look into an entry's text.

    The level of a JSON object goes before what the entry says, which is often no more than the default of a stream;
    that of other text is only looked for where the entry says nothing, or where ``text_tells``.
    """
    parser: Parser = json.PARSER
    found: Any = json.read(content) if content[:1] == b"{" else None
    if found is None:
        parser = text.PARSER
        found = text.read(content) if text_tells or not told.number else text.NOTHING
    number = parser.severity(found)
    return Content(number or told.number, parser, found, content, None if number else told.name)


def in_range(nanos: int, otherwise: int) -> int:
    """A time of which an Avro long can hold the nanoseconds; ``otherwise`` for none (0) and all others."""
    return nanos if 0 < nanos < FARTHEST_NANOS else otherwise
