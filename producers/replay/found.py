"""What readers give to the sender."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias


class Chunk(NamedTuple):
    """One value of logs.raw."""

    value: bytes
    """As it was in Kafka."""
    source: str
    """Source id, its key."""
    role: str
    """As in `schemas.replay`."""
    seconds: float
    """When it came into logs.raw, or when it was read on its node."""
    pod_uid: str


class Trouble(NamedTuple):
    """Something that should be there and is not, or cannot be read."""

    where: str
    problem: str


class Passed(NamedTuple):
    """Everything up to a position has been given."""

    position: Any
    """As the reader takes it when it goes on: a text, or offsets by partition."""
    done: int
    """How much of the whole has been looked at, in the unit of the reader's total."""


Step: TypeAlias = Chunk | Trouble | Passed


@dataclass
class Overview:
    """What a replay will look at."""

    total: int
    """In bytes of objects, or in chunks of logs.raw."""
    unit: str
    """bytes or chunks."""
    objects: int = 0
    troubles: tuple[Trouble, ...] = ()


def pod_of(chunk: dict[str, Any]) -> str:
    """Uid of the pod that a chunk is of; empty: of none."""
    container = chunk["source"]["container"]
    return str(container["pod_uid"]) if container is not None and container["namespace"] else ""
