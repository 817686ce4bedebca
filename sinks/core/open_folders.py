"""When open folders become objects: large ones at once, old ones in time, the largest ones when memory is short.

A cluster has thousands of namespaces, and late records open hours that are past. Were a whole partition written
whenever one namespace is busy, the others would make an object of a few records each time; so folders are cut one by
one, and the many small ones wait until they are old.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

FOLDERS_MAX: Final = 20_000
"""Most folders that are open at once; each takes about a kilobyte beside its records."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When to cut."""

    object_max_bytes: int
    object_max_age_secs: float
    memory_max_bytes: int
    """All open folders together hold less than this."""


@dataclass(frozen=True, slots=True)
class OpenFolder(Generic[Key]):
    """A folder with records that are in no object yet."""

    key: Key
    bytes: int
    opened_at: float


def due(folders: Iterable[OpenFolder[Key]], limits: Limits, now: float, most: int = FOLDERS_MAX) -> set[Key]:
    """Folders that are to be cut now.

    When all together hold too much, the largest go until half is free: what is left is at most as much as what goes,
    so that moving it costs no more than writing does. When there are too many, the oldest half goes.
    """
    chosen: set[Key] = set()
    others: list[OpenFolder[Key]] = []
    for each in folders:
        if each.bytes >= limits.object_max_bytes or now - each.opened_at >= limits.object_max_age_secs:
            chosen.add(each.key)
        else:
            others.append(each)
    held = sum(each.bytes for each in others)
    if held >= limits.memory_max_bytes:
        others.sort(key=lambda each: each.bytes)
        while others and held > limits.memory_max_bytes // 2:
            largest = others.pop()
            held -= largest.bytes
            chosen.add(largest.key)
    if len(others) > most:
        others.sort(key=lambda each: each.opened_at)
        chosen.update(each.key for each in others[: len(others) - most // 2])
    return chosen
