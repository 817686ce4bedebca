"""Small file systems of their own, so that a disk can be full without the machine's being so.

Only root can mount; `can_mount` says whether that works here.
"""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

FILLER: Final = "filler"
_PIECE: Final = bytes(64 * 1024)


class SmallDisk:
    """A tmpfs of so many bytes at a folder; unmounted by `close`."""

    def __init__(self, folder: Path, size: int) -> None:
        """Raises OSError when it cannot be mounted."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        owner = folder.stat()
        options = f"size={size},mode=0755,uid={owner.st_uid},gid={owner.st_gid}"
        done = _run("mount", "-t", "tmpfs", "-o", options, "logferry-faults", str(folder))
        if done.returncode:
            raise OSError(f"{folder} could not be mounted: {done.stderr.decode(errors='replace').strip()}")

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.folder / FILLER).open("ab", buffering=0) as filler:
            for piece in (_PIECE, b"\0"):
                with suppress(OSError):
                    while filler.write(piece):
                        pass

    def free(self) -> None:
        """Give the space back."""
        (self.folder / FILLER).unlink(missing_ok=True)

    @property
    def is_full(self) -> bool:
        """Whether not even one more byte can be written."""
        try:
            with tempfile.NamedTemporaryFile(dir=self.folder, buffering=0) as probe:
                probe.write(b"x")
        except OSError as error:
            return error.errno == errno.ENOSPC
        return False

    def close(self) -> None:
        """Unmount; what still has files open there keeps them until it ends."""
        if _run("umount", str(self.folder)).returncode:
            _run("umount", "--lazy", str(self.folder))


@cache
def can_mount() -> bool:
    """Whether this process may mount a file system."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory(prefix="logferry-mount-") as folder:
        try:
            SmallDisk(Path(folder) / "disk", 1 << 20).close()
        except OSError:
            return False
    return True


def _run(*command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, check=False, timeout=30)
