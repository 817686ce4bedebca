"""The body of a request, and the key by which a server recognises the same one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final

CONTENT_TYPES: Final[Mapping[str, str]] = {"ndjson": "application/x-ndjson", "json": "application/json"}


def body(form: str, documents: Sequence[bytes]) -> bytes:
    """Documents as lines, or as one array."""
    if form == "json":
        return b"[%b]" % b",".join(documents)
    return b"\n".join(documents) + b"\n"


def idempotency_key(ids: Iterable[str]) -> str:
    """32 hexadecimal digits of record ids: the same for the same records in the same order, in whatever process."""
    return blake2b("\n".join(ids).encode(), digest_size=16).hexdigest()
