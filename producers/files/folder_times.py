"""Whether a folder has changed since it was listed, as its modification time tells."""

from __future__ import annotations

import os
from typing import Final

RACY_SECS: Final = 2.0
"""A folder changed so shortly before it was listed may have changed again without its time showing it."""


def changed_at(folder: str) -> int:
    """Modification time of a folder in nanoseconds; 0: it is not there."""
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - hot for many folders
    except OSError:
        return 0


def settled(changed: int, wall: float) -> int:
    """A modification time that tells the next change; -1: one just now may not show in it."""
    return changed if wall - changed / 1e9 > RACY_SECS else -1
