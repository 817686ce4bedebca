"""Who is who: sources, incarnations, records, indices and objects. Everything here is computed, nothing is drawn.

See docs/decisions/0001-identity.md for what hangs on these formulas: a change of one makes every record new.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final

FIRST_LINE_MAX_BYTES: Final = 1024
"""So much of a file's first line goes into its incarnation. A runtime's timestamp stands in the first 40."""

INCOMPLETE: Final = 1 << 47
"""Added to the offset in the id of a record whose rest had not come when it was given up. Should the rest come before
the same bytes are read again, the complete record has an id of its own and is not mistaken for this one."""

_NANOSECONDS_PER_HOUR: Final = 3_600_000_000_000
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def _digest(*parts: bytes) -> bytes:
    """8 bytes; parts are length-prefixed, so that (ab, c) and (a, bc) differ."""
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()


def source_id(node: str, kind: str, *identity: str) -> str:
    """16 hexadecimal digits for a source: for containers ``identity`` is namespace, pod, pod uid and container."""
    return _digest(b"source", *(part.encode() for part in (node, kind, *identity))).hex()


def first_line(head: bytes, *, complete: bool, most: int = FIRST_LINE_MAX_BYTES) -> bytes | None:
    """The part of a file's first line that identifies the file; None while it cannot be known yet.

    ``head`` is the file's first ``most`` bytes or all there are; ``complete`` says that the file will not grow any
    more.
    """
    line, newline, _ = head[:most].partition(b"\n")
    if newline or len(line) == most or (complete and line):
        return line
    return None


def incarnation(source: str, restart: int, line: bytes) -> bytes:
    """8 bytes for one life of one file: its source, the container's restart and its first line."""
    return _digest(b"incarnation", source.encode(), str(restart).encode(), line)


def record_id(life: bytes, offset: int) -> str:
    """19 characters: incarnation (8 bytes) and offset (6 bytes, big-endian), base64url without padding."""
    encoded = binascii.b2a_base64(life + offset.to_bytes(6, "big"), newline=False)
    return encoded.translate(_URL_SAFE)[:19].decode("ascii")


def parse_record_id(text: str) -> tuple[bytes, int] | None:
    """Incarnation and offset of a record id; None when it is none."""
    try:
        raw = urlsafe_b64decode(text + "=")
    except (ValueError, binascii.Error):
        return None
    life, offset = raw[:8], int.from_bytes(raw[8:], "big")
    return (life, offset) if len(raw) == 14 and record_id(life, offset) == text else None


def index_name(pattern: str, timestamp: int) -> str:
    """The Elasticsearch index of a record: a function of its timestamp (nanoseconds) alone, by UTC day."""
    return _index_of_hour(pattern, timestamp // _NANOSECONDS_PER_HOUR)


@lru_cache(maxsize=1024)
def _index_of_hour(pattern: str, hour: int) -> str:
    return _hour(hour).strftime(pattern)


@lru_cache(maxsize=1024)
def _hour(hour: int) -> datetime:
    try:
        return datetime.fromtimestamp(hour * 3600, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)  # beyond the year 9999: with the other undatable ones


def object_folder(topic: str, timestamp: int, namespace: str) -> str:
    """``<topic>/dt=YYYY-MM-DD/hour=HH/<namespace>`` for a record of that timestamp (nanoseconds)."""
    moment = _hour(timestamp // _NANOSECONDS_PER_HOUR)
    return f"{topic}/dt={moment:%Y-%m-%d}/hour={moment:%H}/{namespace}"


def object_name(folder: str, partition: int, first_offset: int, extension: str) -> str:
    """Full name of an archive object: ``<folder>/<partition>-<first offset>.<extension>``."""
    return f"{folder}/{partition}-{first_offset:020d}.{extension}"
