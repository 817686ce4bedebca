"""A chunk that a worker has begun to work on, and where the state of its source is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from runtime.traced_chunk import ChunkTrace
from schemas.replay import Replayed
from streams.assignment import Assignment
from streams.core.work import Work
from streams.states import States

Token = TypeVar("Token")


class Begun(NamedTuple, Generic[Token]):
    """A chunk that is decoded."""

    assignment: Assignment[Token]
    work_of: Callable[[], Work]
    chunk: dict[str, Any]
    replayed: Replayed | None
    trace: ChunkTrace | None


class Place(NamedTuple, Generic[Token]):
    """Where the state of a source is kept."""

    assignment: Assignment[Token]
    states: States
    key: str
