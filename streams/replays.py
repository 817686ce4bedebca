"""What a worker needs beside its usual work for chunks that are sent again (`schemas.replay`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from schemas.replay import CONTEXT, Replayed
from streams.assignment import Assignment
from streams.core.work import Work

REST_SECS: Final = 0.5
"""Live workers look so often for what has waited too long (`streams.app`), so a rest that came a little late was mostly
taken in. Lines that have times of their own are judged by these in any case."""


class Ended(NamedTuple):
    """A replay of which nothing more comes in a partition."""

    assignment: Assignment[Any]
    run: str
    done: Callable[[], None]


def in_replay(work: Work, replayed: Replayed) -> None:
    """What a chunk's headers mean for all that comes of it."""
    work.run = replayed.run
    work.is_context = replayed.role == CONTEXT
