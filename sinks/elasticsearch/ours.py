"""Which templates and policies in a cluster are logferry's: each carries a mark, and nothing without it is overwritten.

::

    "_meta": {"description": "Documents of logferry", "managed_by": "logferry", "version": 2, "fingerprint": "5a0f…"}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final

OWNER: Final = "logferry"


class Standing(Enum):
    """How what a cluster has compares with what is wanted."""

    MISSING = auto()
    SAME = auto()
    OTHER = auto()
    """Ours, and older or of other settings."""
    NEWER = auto()
    """Ours, of a newer version: somebody has upgraded another process already."""
    FOREIGN = auto()


def marked(body: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The body with our mark. The fingerprint is of the body as we made it: the cluster's spelling differs."""
    text = json.dumps(body, sort_keys=True).encode()
    fingerprint = hashlib.sha256(text).hexdigest()[:16]
    meta = {"description": "Documents of logferry", "managed_by": OWNER, "version": version, "fingerprint": fingerprint}
    return {**body, "_meta": meta}


def standing(found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> Standing:
    """Compare what the cluster has (None: nothing) with a marked body."""
    if found is None:
        return Standing.MISSING
    meta = found.get("_meta")
    if not isinstance(meta, Mapping) or meta.get("managed_by") != OWNER:
        return Standing.FOREIGN
    version = meta.get("version", 1)  # the first templates had their version outside of the mark
    if isinstance(version, int) and version > wanted["_meta"]["version"]:
        return Standing.NEWER
    same = (version, meta.get("fingerprint")) == (wanted["_meta"]["version"], wanted["_meta"]["fingerprint"])
    return Standing.SAME if same else Standing.OTHER
