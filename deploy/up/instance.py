"""The data folder of `up`: one supervisor at a time, and a picture of it for everybody else.

``up.lock``   held (flock) by the supervisor; holds its pid
``up.json``   the latest picture, replaced as a whole every second; the last one stays when `up` ends
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from deploy.local.users import make_folder
from schemas.errors import SettingsError

ATTEMPTS: Final = 5
ATTEMPT_SECS: Final = 0.1


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder. Raises SettingsError that names the pid when another `up` holds it, or it is unwritable."""
    try:
        make_folder(data)
        descriptor = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise SettingsError(
            f"the data folder cannot be used: {error.strerror}",
            where=str(data),
            remedy="name a folder that you may write to with --data",
        ) from error
    try:
        _take(descriptor, data)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, data: Path) -> None:
    for _ in range(ATTEMPTS):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(ATTEMPT_SECS)  # perhaps `status` is just looking
    pid = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
    raise SettingsError(
        f"`logferry up` already runs here, as process {pid}",
        where=str(data),
        remedy="look at it with `logferry status`, stop it with Ctrl-C, or name another folder with --data",
    )


def is_running(data: Path) -> bool:
    """Whether an `up` holds this data folder now."""
    try:
        descriptor = os.open(data / "up.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def write_picture(data: Path, picture: dict[str, Any]) -> None:
    """Replace the picture. Raises OSError."""
    fresh = data / "up.json.new"
    fresh.write_text(json.dumps(picture), encoding="utf-8")
    fresh.replace(data / "up.json")


def read_picture(data: Path) -> dict[str, Any] | None:
    """The latest picture; None if there never was one, or it cannot be read."""
    try:
        picture = json.loads((data / "up.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return picture if isinstance(picture, dict) else None
