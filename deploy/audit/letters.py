"""What sinks refused, by the records' own positions."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from deploy.audit.core.refused import Refusals
from deploy.dead_letters.core.origin import Origins
from deploy.dead_letters.core.wanted import Wanted
from deploy.dead_letters.letters import LetterTopic

if TYPE_CHECKING:
    from schemas.settings import Settings


def letters_of(settings: Settings, stages: Collection[str]) -> dict[str, set[int]]:
    """Incarnation -> positions of records that some sinks dead-lettered and nobody sent again. Raises LogferryError."""
    refusals = Refusals(stages, Origins().of)
    with LetterTopic(settings) as letters:
        refusals.take(letters.found(Wanted()))
    return refusals.positions()
