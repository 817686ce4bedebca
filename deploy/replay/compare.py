"""Documents of two sets of indices, side by side: pure, and never holding more than a few of them.

Both sides come in the order of incarnation and offset, which is the order of ids but for records that were given up
before their rest came; documents of one place are told apart by their ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

Place = tuple[str, int]
"""Incarnation and offset."""

ABSENT = "(absent)"


class Document(NamedTuple):
    """One of them."""

    place: Place
    id: str
    source: Mapping[str, Any]


class Example(NamedTuple):
    """A difference, and where."""

    id: str
    field: str
    old: Any
    new: Any


@dataclass
class Comparison:
    """What is different."""

    examples_max: int = 3
    same: int = 0
    changed: int = 0
    only_old: int = 0
    only_new: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    """Field -> documents in which it differs."""
    examples: list[Example] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Nothing differs."""
        return not (self.changed or self.only_old or self.only_new)

    def take(self, old: Document | None, new: Document | None) -> None:
        """One id, as it is on both sides."""
        if old is None or new is None:
            self._alone(old, new)
            return
        before, after = flat(old.source), flat(new.source)
        names = [name for name in sorted({*before, *after}) if before.get(name, ABSENT) != after.get(name, ABSENT)]
        if not names:
            self.same += 1
            return
        self.changed += 1
        for name in names:
            self.fields[name] += 1
            if self.fields[name] <= self.examples_max:
                self.examples.append(Example(old.id, name, before.get(name, ABSENT), after.get(name, ABSENT)))

    def _alone(self, old: Document | None, new: Document | None) -> None:
        which, document = ("only_old", old) if new is None else ("only_new", new)
        assert document is not None
        amount = getattr(self, which) + 1
        setattr(self, which, amount)
        if amount <= self.examples_max:
            text = document.source.get("log") or document.source.get("message")
            self.examples.append(
                Example(document.id, f"({which})", *((text, ABSENT) if new is None else (ABSENT, text)))
            )

    def summary(self) -> Iterator[str]:
        """For people, in lines."""
        yield f"{self.same:,} the same, {self.changed:,} changed"
        yield f"{self.only_old:,} only in the old indices, {self.only_new:,} only in the new ones"
        for name, amount in self.fields.most_common():
            yield f"  {name}: {amount:,}"

    def rows(self) -> list[dict[str, str]]:
        """Examples as a table."""
        return [
            {"id": each.id, "field": each.field, "old": _short(each.old), "new": _short(each.new)}
            for each in self.examples
        ]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "same": self.same,
            "changed": self.changed,
            "only_old": self.only_old,
            "only_new": self.only_new,
            "fields": dict(self.fields.most_common()),
            "examples": [each._asdict() for each in self.examples],
        }


def compare(old: Iterable[Document], new: Iterable[Document], comparison: Comparison) -> Comparison:
    """Hold two sides, each in order of place, against each other."""
    left, right = (groupby(side, lambda each: each.place) for side in (old, new))
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        place = min(each[0] for each in (one, other) if each is not None)
        before, after = dict[str, Document](), dict[str, Document]()
        if one is not None and one[0] == place:
            before = {each.id: each for each in one[1]}
            one = next(left, None)
        if other is not None and other[0] == place:
            after = {each.id: each for each in other[1]}
            other = next(right, None)
        for name in sorted({*before, *after}):
            comparison.take(before.get(name), after.get(name))
    return comparison


def flat(source: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Fields by their full names; lists and empty objects are values."""
    found: dict[str, Any] = {}
    for name, value in source.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _short(value: Any) -> str:
    text = str(value).replace("\n", "\\n")
    return text if len(text) <= 80 else f"{text[:79]}…"
