"""Letters in groups: of one reason, with messages that differ in numbers, ids and quoted values only."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.dead_letters.core.letter import Letter, Mark

GROUPS_MAX: Final = 1000
"""Somebody may write messages of any kind; what comes behind so many shapes is one group for its reason."""

_QUOTED: Final = re.compile(r"(?<!\w)'.*'(?!\w)|\".*\"", re.DOTALL)
"""From the first quotation mark to the last, since values may hold such marks themselves."""
_NUMBER: Final = re.compile(r"\b[0-9a-f]*[0-9][0-9a-f]*\b")


def shape(message: str) -> str:
    """A message without what is different in each: quoted values and numbers."""
    return _NUMBER.sub("#", _QUOTED.sub("'…'", message[:1000]))


@dataclass
class Group:
    """Letters that are alike."""

    reason: str
    example: str
    """Message of the first of them."""
    place: str
    """Where that one stands, for `show`."""
    letters: int = 0
    sent_again: int = 0
    first: int = 0
    """When the first failed, in nanoseconds since 1970."""
    last: int = 0
    bytes: int = 0
    stages: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)

    def take(self, fields: dict[str, Any]) -> None:
        """Count one more."""
        failed_at = fields["failed_at"]
        self.first = min(self.first, failed_at) if self.letters else failed_at
        self.last = max(self.last, failed_at)
        self.letters += 1
        self.bytes += len(fields["original"])
        self.stages[fields["stage"]] += 1
        self.topics[fields["topic"]] += 1


class Grouping:
    """Groups letters as they come; holds four bytes for each letter and a few groups."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        """Reason and shape of message -> number of the group, from 1."""
        self._groups: list[Group] = []
        self._group_at: dict[int, tuple[int, array[int]]] = {}
        """Partition -> offset of its first letter, and for each offset from there the number of its group, or 0."""

    def take(self, found: Letter | Mark) -> None:
        """One more record of the topic; a mark always comes behind the letters that it is about."""
        if isinstance(found, Mark):
            self._mark(found)
            return
        number = self._number(found.fields["reason"], found.fields["message"], found.place)
        self._groups[number - 1].take(found.fields)
        first, numbers = self._group_at.setdefault(found.partition, (found.offset, array("I")))
        numbers.extend([0] * (found.offset - first - len(numbers)))
        numbers.append(number)

    def _number(self, reason: str, message: str, place: str) -> int:
        key = (reason, shape(message) if len(self._groups) < GROUPS_MAX else "")
        number = self._numbers.get(key)
        if number is None:
            self._groups.append(Group(reason, message, place))
            number = self._numbers[key] = len(self._groups)
        return number

    def _mark(self, mark: Mark) -> None:
        first, numbers = self._group_at.get(mark.partition, (0, array("I")))
        for offset in mark.offsets:
            at = offset - first
            if 0 <= at < len(numbers) and numbers[at]:
                self._groups[numbers[at] - 1].sent_again += 1
                numbers[at] = 0

    def groups(self) -> list[Group]:
        """All groups, those with the most letters that still wait first."""
        return sorted(self._groups, key=lambda group: (group.sent_again - group.letters, group.reason, group.example))
