"""Which records a destination refused for good, by the letters about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from deploy.dead_letters.core.letter import Found, Letter, Mark
from deploy.dead_letters.core.origin import Origin

Place = tuple[int, int]
"""Partition and offset of a letter."""
Record = tuple[str, int]
"""Incarnation and position."""


class Refusals:
    """Letters and marks in, in whatever order; records that no document is expected of out.

    A record is refused as long as one of its letters was not sent again. Two letters about one record (two sinks of the
    same indices; what was sent again and refused again) are one refusal. A record that was sent again and could not
    be read any more has a letter of the stream stage instead, with the same incarnation and position.
    """

    def __init__(self, stages: Collection[str], origin_of: Callable[[Letter], Origin]) -> None:
        """``stages``: of the sinks, ``{"sink/search"}``."""
        self._stages = stages
        self._origin_of = origin_of
        self._refused: dict[Place, Record] = {}
        self._unread: dict[Place, Record] = {}
        self._again: set[Place] = set()

    def take(self, found: Iterable[Found]) -> None:
        """What stands in the dead-letter topic."""
        for each in found:
            if isinstance(each, Mark):
                self._again |= {(each.partition, offset) for offset in each.offsets}
            elif each.is_of_stream:
                self._put(self._unread, each)
            elif each.fields["stage"] in self._stages:
                self._put(self._refused, each)

    def _put(self, records: dict[Place, Record], letter: Letter) -> None:
        origin = self._origin_of(letter)
        if origin.incarnation is not None and origin.position is not None:
            records[letter.partition, letter.offset] = (origin.incarnation.hex(), origin.position)

    def positions(self) -> dict[str, set[int]]:
        """Incarnation -> positions of records that are refused."""
        ever = set(self._refused.values())
        waiting = {record for place, record in self._refused.items() if place not in self._again}
        waiting |= {record for place, record in self._unread.items() if place not in self._again and record in ever}
        found: defaultdict[str, set[int]] = defaultdict(set)
        for life, position in waiting:
            found[life].add(position)
        return dict(found)
