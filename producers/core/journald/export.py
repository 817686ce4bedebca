r"""Entries of the systemd journal: cursors, the Journal Export Format, and which unit an entry belongs to.

The format (https://systemd.io/JOURNAL_EXPORT_FORMATS/): an entry is a run of fields ended by an empty line. A field
whose value is printable text is ``NAME=value\n``; any other is ``NAME\n``, the value's length as 64 bits little-endian,
the value, ``\n``. A field may occur several times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Field: TypeAlias = bytes
"""``NAME=value`` as libsystemd gives it; the value is any bytes."""

_CURSOR: Final = re.compile(
    r"s=([0-9a-f]{32});i=([0-9a-f]{1,16});b=([0-9a-f]{32});m=([0-9a-f]{1,16});t=([0-9a-f]{1,16});x=([0-9a-f]{1,16})"
)
_BINARY: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""What makes a value binary, besides not being UTF-8: control characters other than the tab (systemd,
utf8_is_printable with newlines excluded)."""

_BINARY_BUT_NEWLINE: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")

MARK: Final = b"LOGFERRY_INCOMPLETE"
"""Field added to an entry that could not be taken whole; its value says what is missing."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where an entry stands, by the cursor text of sd_journal_get_cursor."""

    text: str
    seqnum_id: bytes
    """16 bytes: whose numbering it is."""
    seqnum: int
    boot_id: str
    monotonic: int
    """Microseconds since the machine started."""
    realtime: int
    """Microseconds since 1970."""
    content: str
    """Hash of the fields."""

    def same_entry(self, other: Cursor) -> bool:
        """Whether it is one entry, perhaps numbered anew: journald does that when it moves /run to /var."""
        return (self.boot_id, self.monotonic, self.realtime, self.content) == (
            other.boot_id, other.monotonic, other.realtime, other.content
        )  # fmt: skip


def parse_cursor(text: str) -> Cursor | None:
    """The parts of a cursor text; None for anything else."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        return None
    seqnum_id, seqnum, boot_id, monotonic, realtime, content = match.groups()
    return Cursor(
        text, bytes.fromhex(seqnum_id), int(seqnum, 16), boot_id, int(monotonic, 16), int(realtime, 16), content
    )


def export_entry(cursor: Cursor, fields: Iterable[Field]) -> bytes:
    """One entry in the Journal Export Format, its empty line included.

    The addresses come first, as journalctl writes them; __SEQNUM and __SEQNUM_ID always, also where the libsystemd at
    hand is older than they are (254). A field without ``=`` cannot be written, and libsystemd gives none.
    """
    head = (
        f"__CURSOR={cursor.text}\n__REALTIME_TIMESTAMP={cursor.realtime}\n"
        f"__MONOTONIC_TIMESTAMP={cursor.monotonic}\n__SEQNUM={cursor.seqnum}\n"
        f"__SEQNUM_ID={cursor.seqnum_id.hex()}\n_BOOT_ID={cursor.boot_id}\n"
    ).encode()
    others = [field for field in fields if not field.startswith(b"_BOOT_ID=")]
    lines = b"\n".join(others)
    if lines.isascii() and lines.count(b"\n") == len(others) - 1 and not _BINARY_BUT_NEWLINE.search(lines):
        return b"%b%b\n\n" % (head, lines)  # nearly every entry: looked at as a whole, it takes half the time
    return b"".join((head, *map(_export_field, others), b"\n"))


def _export_field(field: Field) -> bytes:
    name, _, value = field.partition(b"=")
    if _is_text(value):
        return field + b"\n"
    return b"%b\n%b%b\n" % (name, len(value).to_bytes(8, "little"), value)


def _is_text(value: bytes) -> bool:
    if value.isascii():
        return _BINARY.search(value) is None
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _BINARY.search(value) is None


def cut_to(fields: Sequence[Field], max_bytes: int) -> tuple[list[Field], list[str]]:
    """Fields of at most ``max_bytes`` in all, the longest cut first, and the names of those that were cut."""
    kept, excess, names = list(fields), sum(map(len, fields)) - max_bytes, []
    while excess > 0:
        longest = max(range(len(kept)), key=lambda index: len(kept[index]) - kept[index].find(b"="))
        field = kept[longest]
        value_start = field.find(b"=") + 1
        length = max(value_start, len(field) - excess)
        if length == len(field):
            break  # nothing but names is left
        kept[longest] = field[:length]
        excess -= len(field) - length
        names.append(field[: value_start - 1].decode("ascii", "replace"))
    return kept, names


_MANAGER: Final = b"init.scope"
_COREDUMP: Final = b"systemd-coredump@"
_KERNEL_SIDE: Final = frozenset({b"kernel", b"audit"})

_UNIT_NAME: Final = re.compile(rb"[A-Za-z0-9:_.\\@-]{1,255}")
"""Names of units as systemd allows them (unit_name_is_valid)."""


def unit_of(first_value: Callable[[bytes], bytes | None]) -> str:
    """The unit that an entry belongs to; ``first_value`` gives a field's first value, None when there is none.

    What the service manager says of a unit (started, failed) and what systemd-coredump says of its crash belong to it,
    as in ``journalctl --unit``; only fields that the sender cannot forge decide. Without a unit: the name of the
    transport for kernel and audit, else ``journal``.
    """
    unit = first_value(b"_SYSTEMD_UNIT")
    if unit is None:
        transport = first_value(b"_TRANSPORT")
        return transport.decode() if transport in _KERNEL_SIDE else "journal"
    if unit == _MANAGER:
        unit = first_value(b"UNIT") or unit
    elif unit.startswith(_COREDUMP):
        unit = first_value(b"COREDUMP_UNIT") or unit
    return unit.decode() if _UNIT_NAME.fullmatch(unit) else "journal"


def tag_of_unit(unit: str) -> str:
    """The tag of a unit's entries: host.kubelet for kubelet.service; other types of unit keep their ending."""
    return "host." + unit.removesuffix(".service")
