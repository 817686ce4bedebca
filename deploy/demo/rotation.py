"""Log rotation exactly as kubelet does it; the runtime's part (reopening the file) is passed in.

For a live file `0.log` that has reached the limit, in this order:

1. remove what an earlier, interrupted rotation left: `*.tmp`, and files whose `.gz` is there too;
2. remove the oldest rotated files, so that with the live and the new file there are at most `max_files`;
3. gzip every rotated file that is not compressed, through `.tmp`;
4. rename `0.log` to `0.log.YYYYMMDD-HHMMSS` (UTC), which therefore stays uncompressed until the next rotation;
5. let the runtime reopen `0.log`; if it cannot, rename back.

Names have one-second resolution. Two rotations within one second leave `X.gz` (the first) and `X` (the second), and the
next rotation's first step takes the second for a left-over and removes it: kubelet loses it, and so does this module
unless `unique_names` is set. Source: Kubernetes `pkg/kubelet/logs/container_log_manager.go`.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import time
from calendar import timegm
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME_FORMAT: Final = "%Y%m%d-%H%M%S"


@dataclass(frozen=True)
class RotationLimits:
    """When a log file is rotated and how many are kept; the defaults are kubelet's."""

    check_interval_secs: float = 10.0
    """Time between two looks at a file's size."""
    max_bytes: int = 10 * 1024 * 1024
    """A file of at least this size is rotated. 1 rotates whatever is not empty."""
    max_files: int = 5
    """Files of one container in all, the live one included; at least 2."""
    gzip_level: int = 6
    """Go's default. Lower is faster when a test rotates much."""
    unique_names: bool = False
    """Take the next free second where kubelet would reuse a name and lose a file."""


def rotate_if_due(live: Path, limits: RotationLimits, now: float, reopen: Callable[[], None]) -> Path | None:
    """Rotate `live` if it has reached its size; returns its new path. `now`: seconds since 1970. Raises OSError."""
    try:
        size = live.stat().st_size
    except FileNotFoundError:
        reopen()
        return None
    return None if size < limits.max_bytes else rotate(live, limits, now, reopen)


def rotate(live: Path, limits: RotationLimits, now: float, reopen: Callable[[], None]) -> Path:
    """Rotate `live` whatever its size; returns its new path. Raises OSError."""
    for path in _remove_excess(_remove_leftovers(rotated_files(live)), limits.max_files):
        if path.suffix != ".gz":
            _compress(path, limits.gzip_level)
    target = _free_name(live, now) if limits.unique_names else _name(live, now)
    live.rename(target)
    try:
        reopen()
    except OSError:
        target.rename(live)
        raise
    return target


def rotated_files(live: Path) -> list[Path]:
    """List everything that was rotated away from `live`, oldest first, left-overs included."""
    prefix = live.name + "."
    return sorted(path for path in live.parent.iterdir() if path.name.startswith(prefix))


def _remove_leftovers(rotated: list[Path]) -> list[Path]:
    names = {path.name for path in rotated}
    kept = [path for path in rotated if path.suffix != ".tmp" and path.name + ".gz" not in names]
    for path in set(rotated) - set(kept):
        path.unlink()
    return kept


def _remove_excess(rotated: list[Path], max_files: int) -> list[Path]:
    excess = max(0, len(rotated) - max(0, max_files - 2))
    for path in rotated[:excess]:
        path.unlink()
    return rotated[excess:]


def _compress(path: Path, level: int) -> None:
    temporary = path.with_name(path.name + ".tmp")
    mode = path.stat().st_mode & 0o777
    try:
        with (
            path.open("rb") as source,
            os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=level, mtime=0) as target,
        ):
            shutil.copyfileobj(source, target, 1 << 18)
        temporary.rename(path.with_name(path.name + ".gz"))
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
    path.unlink()


def _name(live: Path, now: float) -> Path:
    return live.with_name(f"{live.name}.{time.strftime(NAME_FORMAT, time.gmtime(now))}")


def _free_name(live: Path, now: float) -> Path:
    """Return a name that sorts after every other of this file, so that order by name stays order by age."""
    newest = max((_second(path, live) for path in rotated_files(live)), default=0)
    return _name(live, max(int(now), newest + 1))


def _second(path: Path, live: Path) -> int:
    return timegm(time.strptime(path.name.removeprefix(live.name + ".").removesuffix(".gz"), NAME_FORMAT))
