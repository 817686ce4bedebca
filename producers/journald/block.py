"""What one turn of reading the journal gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from producers.core.journald.export import Cursor
from producers.core.journald.gaps import Missing


@dataclass(slots=True)
class Parcel:
    """Entries of one unit, in order, in the Journal Export Format."""

    unit: str
    seqnum_id: bytes
    first_seqnum: int
    entries: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """What one turn of reading gave."""

    parcels: dict[tuple[str, bytes], Parcel] = field(default_factory=dict)
    """By unit and sequence-number id."""
    size: int = 0
    position: str | None = None
    """Where to go on when all parcels are kept by Kafka; None: as before."""
    missing: list[Missing] = field(default_factory=list)
    more: bool = False
    """Whether the journal's end was not reached."""
    holes: int = 0
    """Sequence numbers within a numbering that no readable file holds."""
    incomplete: int = 0
    """Entries that were too long or damaged, and are shipped without a part."""
    damaged_files: int = 0
    doubtful: bool = False
    """Whether entries may have been written too late to be seen."""
    last: Cursor | None = None

    def add(self, unit: str, cursor: Cursor, entry: bytes) -> None:
        """Append an exported entry."""
        key = (unit, cursor.seqnum_id)
        parcel = self.parcels.get(key)
        if parcel is None:
            parcel = self.parcels[key] = Parcel(unit, cursor.seqnum_id, cursor.seqnum)
        parcel.entries.append(entry)
        self.size += len(entry)
