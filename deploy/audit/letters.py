"""What sinks refused, by the records' own positions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from deploy.dead_letters.core.letter import Letter, Mark
from deploy.dead_letters.core.origin import Origins
from deploy.dead_letters.core.wanted import Wanted
from deploy.dead_letters.letters import LetterTopic

if TYPE_CHECKING:
    from schemas.settings import Settings


def letters_of(settings: Settings, stages: Collection[str]) -> dict[str, set[int]]:
    """Incarnation -> positions of records that some sinks dead-lettered and nobody sent again. Raises LogferryError."""
    found: defaultdict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    again: set[tuple[int, int]] = set()
    origins = Origins()
    with LetterTopic(settings) as letters:
        for each in letters.found(Wanted()):
            if isinstance(each, Mark):
                again |= {(each.partition, offset) for offset in each.offsets}
            elif isinstance(each, Letter) and each.fields["stage"] in stages:
                origin = origins.of(each)
                if origin.incarnation is not None and origin.position is not None:
                    found[origin.incarnation.hex()][each.partition, each.offset] = origin.position
    return {
        life: {position for place, position in positions.items() if place not in again}
        for life, positions in found.items()
    }
