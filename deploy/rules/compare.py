"""What a change of rules would do to chunks: each is worked on three times, and the records are compared. Pure.

The census keeps every record and knows which the new rule is for; the other two are the rules before and after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias

from schemas.codec import Codec
from schemas.severity import severity_text

MEANT: Final = "meant"
"""Where the census sends records of sources that the rule is for; all others have another topic."""
EXAMPLES: Final = 10


class Recent(NamedTuple):
    """A chunk and where it stands."""

    partition: int
    offset: int
    chunk: dict[str, Any]


Run: TypeAlias = Callable[[Recent | None], Iterable[tuple[str, bytes]]]
"""Works on a chunk; gives a topic and an Avro LogRecord for each record. None: the end, so that nothing waits."""


class Example(NamedTuple):
    """A record that fares otherwise under the new rules."""

    severity: str
    tag: str
    body: str
    """As it would be afterwards, or as it was, if it would be dropped."""
    before: tuple[str, ...]
    """Topics; none: dropped."""
    after: tuple[str, ...]
    rewritten: bool
    """Its content would be another."""


@dataclass
class Fate:
    """What is kept under one set of rules."""

    kept: Counter[str] = field(default_factory=Counter)
    """By severity; a record in two topics counts once."""
    topics: Counter[str] = field(default_factory=Counter)


@dataclass
class Comparison:
    """What the change would do to the sample."""

    chunks: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    """Records by severity, whatever becomes of them."""
    meant: Counter[str] = field(default_factory=Counter)
    """Those of sources that the rule is for."""
    before: Fate = field(default_factory=Fate)
    after: Fate = field(default_factory=Fate)
    changed: int = 0
    """Records with other topics or another content."""
    examples: list[Example] = field(default_factory=list)


class _Kept(NamedTuple):
    value: bytes
    topics: tuple[str, ...]


def compare(chunks: Iterable[Recent], census: Run, before: Run, after: Run) -> Comparison:
    """Work on all chunks and count."""
    comparison, reader = Comparison(), _Reader()
    alike: set[tuple[object, ...]] = set()
    for recent in chain(chunks, (None,)):
        comparison.chunks += recent is not None
        for topic, value in census(recent):
            severity = reader.severity(value)
            comparison.seen[severity] += 1
            comparison.meant[severity] += topic == MEANT
        old, new = _kept(before(recent), reader), _kept(after(recent), reader)
        _count(comparison.before, old, reader)
        _count(comparison.after, new, reader)
        for key in old.keys() | new.keys():
            one, other = old.get(key), new.get(key)
            if one != other:
                comparison.changed += 1
                _illustrate(comparison, one, other, reader, alike)
        reader.forget()
    return comparison


def _kept(outputs: Iterable[tuple[str, bytes]], reader: _Reader) -> dict[str, _Kept]:
    kept: dict[str, _Kept] = {}
    for topic, value in outputs:
        key = reader.id(value)
        known = kept.get(key)
        kept[key] = _Kept(value, (*known.topics, topic) if known else (topic,))
    return kept


def _count(fate: Fate, kept: dict[str, _Kept], reader: _Reader) -> None:
    for each in kept.values():
        fate.kept[reader.severity(each.value)] += 1
        fate.topics.update(each.topics)


def _illustrate(
    comparison: Comparison, one: _Kept | None, other: _Kept | None, reader: _Reader, alike: set[tuple[object, ...]]
) -> None:
    """Take an example, unless there is one like it already."""
    if len(comparison.examples) >= EXAMPLES:
        return
    shown = other or one
    assert shown is not None
    record = reader.record(shown.value)
    old, new = one.topics if one else (), other.topics if other else ()
    rewritten = one is not None and other is not None and one.value != other.value
    tag, severity = record["resource"]["tag"], severity_text(record["severity_number"]) or "unknown"
    kind = (tag, severity, old, new, rewritten)
    if kind not in alike:
        alike.add(kind)
        comparison.examples.append(Example(severity, tag, str(record["body"]), old, new, rewritten))


class _Reader:
    """Decodes each value of a chunk once, though three runs may give it."""

    def __init__(self) -> None:
        self._codec = Codec("log_record")
        self._known: dict[bytes, dict[str, Any]] = {}

    def record(self, value: bytes) -> dict[str, Any]:
        known = self._known.get(value)
        if known is None:
            decoded = self._codec.decode(value)
            assert isinstance(decoded, dict), decoded
            known = self._known[value] = decoded
        return known

    def id(self, value: bytes) -> str:
        return str(self.record(value)["id"])

    def severity(self, value: bytes) -> str:
        return severity_text(self.record(value)["severity_number"]) or "unknown"

    def forget(self) -> None:
        self._known.clear()
