"""What became of one record at its destination, and what to do with it now."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Done(Enum):
    """The record is where it belongs."""

    INDEXED = "indexed"
    """A document was made of it."""

    DELIVERED = "delivered"
    """A destination without documents has it."""

    ALREADY_THERE = "already_there"
    """A retry or a replay met itself."""

    REFUSED_UNNAMED = "refused_unnamed"
    """The destination took a request but so many of its records, and does not say which."""


@dataclass(frozen=True)
class Retry:
    """Not now: it is sent again, and nothing behind it is committed until it is there."""

    cause: str
    """Short, for counting and for the log: ``status 429``."""

    after_secs: float | None = None
    """How long the destination asks to be left alone; None: it does not say."""

    remedy: str = ""
    """What a person has to do, where waiting alone will not help."""

    detail: str = field(default="", compare=False)
    """For the log alone: what exactly failed, and where."""


@dataclass(frozen=True)
class Reject:
    """Never, in this form."""

    reason: str
    """The destination's own words."""


Verdict: TypeAlias = Done | Retry | Reject
