"""Which objects of an hour become one. Entries of manifests in, groups out.

Objects of one namespace and partition hold disjoint ranges of offsets, one behind the other, so neighbours are put
together until they are large enough. Ranges overlap only where a sink wrote again what had been compacted already:
those hold the same records and always become one.

A group's object is named by its first and last offset. It takes the place of every object of the group, and no group
leaves records out because another group has them, so whatever happens to one object, no record stands only in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sinks.core.layout import ObjectPlace, compacted_name, object_place
from sinks.core.manifest import Entry

LARGE_ENOUGH: Final = 0.5
"""Share of the target size from which on an object is left as it is."""


@dataclass(frozen=True)
class Group:
    """Objects that become one."""

    entries: tuple[Entry, ...]
    """By first offset; at least two."""

    @property
    def place(self) -> ObjectPlace:
        """Where the first of them stands."""
        found = object_place(self.entries[0].name)
        assert found is not None, self.entries[0].name
        return found

    @property
    def name(self) -> str:
        """Of the new object. A later, farther reaching group of the same beginning gets another one."""
        return compacted_name(self.place, max(each.last_offset for each in self.entries))

    @property
    def bytes(self) -> int:
        """Of all objects together."""
        return sum(each.bytes for each in self.entries)


def groups(entries: Iterable[Entry], target_bytes: int) -> list[Group]:
    """What is worth doing in an hour and partition, in order of the names."""
    cells = groupby(sorted(entries, key=_cell), key=_cell)
    return [group for _, members in cells for group in _of_cell(list(members), target_bytes)]


def _cell(entry: Entry) -> tuple[str, str, str]:
    return entry.namespace, entry.topic_id, entry.name.rpartition(".")[2]


def _of_cell(entries: Sequence[Entry], target_bytes: int) -> list[Group]:
    found: list[list[Entry]] = []
    open_: list[Entry] = []
    for chain in _chains(entries):
        size = sum(each.bytes for each in chain)
        if len(chain) == 1 and size >= target_bytes * LARGE_ENOUGH:
            found.append(open_)
            open_ = []
            continue
        if sum(each.bytes for each in open_) + size > target_bytes:
            found.append(open_)
            open_ = []
        open_ = [*open_, *chain]
    return [Group(tuple(each)) for each in (*found, open_) if len(each) > 1]


def _chains(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Objects by first offset; those whose ranges overlap are together."""
    chains: list[list[Entry]] = []
    end = -1
    for each in sorted(entries, key=lambda entry: (entry.first_offset, -entry.last_offset, entry.name)):
        if chains and each.first_offset <= end:
            chains[-1].append(each)
        else:
            chains.append([each])
        end = max(end, each.last_offset)
    return chains


def left_behind(place: ObjectPlace, entries: Iterable[Entry]) -> Entry | None:
    """The compacted object that took the place of one which no manifest names any more; None: nobody says so."""
    for entry in entries:
        if entry.replaces and entry.namespace == place.namespace and _begins(entry, place):
            return entry
    return None


def _begins(entry: Entry, place: ObjectPlace) -> bool:
    """Whether an object that begins there was merged into this one."""
    if place.last_offset is None:
        return any(first == place.first_offset for first, _ in entry.replaces)
    inside = entry.first_offset <= place.first_offset and place.last_offset <= entry.last_offset
    return inside and (place.first_offset, place.last_offset) != (entry.first_offset, entry.last_offset)
