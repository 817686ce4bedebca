"""A chunk on its way through the stage, and what comes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.core.framing import Framing
from streams.core.framing.attributes import Attributes
from streams.core.rules import TagRules


class Origin(NamedTuple):
    """What all records of one origin have in common."""

    prefix: bytes
    """Header and encoded resource: what every record begins with."""
    rules: TagRules
    resolved: bool
    """Its pod is known, or it is of none."""


@dataclass(eq=False, slots=True)
class Work:
    """One chunk on its way; it may be acknowledged when nothing is outstanding. Never holds the payload."""

    partition: int
    offset: int
    key: str
    incarnation: bytes
    observed_timestamp: int
    prefix: bytes
    """Header and encoded resource: what every record of the chunk begins with."""
    rules: TagRules
    resolved: bool
    framing: Framing | None
    """None: nobody can read it."""
    attributes: Attributes | None
    """What every record of the chunk has among its attributes."""
    done: Callable[[], None]
    """To be called when nothing is outstanding any more."""
    outstanding: int = 1
    """Values to be delivered, unfinished lines that began here, and one for the processing itself."""

    def release(self) -> None:
        """One thing less to wait for."""
        self.outstanding -= 1
        if not self.outstanding:
            self.done()


Output = tuple[Work, str, bytes]
"""A chunk, and a value for a topic whose delivery it waits for."""
Counts = Counter[tuple[str, ...]]
"""Metric name without ``logferry_stream_``, and its labels -> amount."""


@dataclass(frozen=True)
class JoinLimits:
    """When a record is cut, and when its rest is not waited for any longer."""

    record_max_bytes: int
    timeout_secs: float


@dataclass
class Result:
    """What became of some bytes."""

    outputs: list[Output] = field(default_factory=list)
    counts: Counts = field(default_factory=Counter)
