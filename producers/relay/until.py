"""When a sidecar ends by itself: with a process, or when a file appears.

For pods whose end waits for all containers (a Job whose sidecar is an ordinary container). ``--exit-with-pid`` needs
``shareProcessNamespace: true``; ``--exit-with-file`` a volume that both containers mount.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import select
from collections.abc import Callable
from pathlib import Path

from schemas.errors import SettingsError

_log = logging.getLogger(__name__)

Reached = Callable[[], bool]
"""Whether it is time to end; cheap enough to be asked ten times a second."""


class ProcessEnded:
    """A process, by its number or by a file that will hold its number.

    The system is asked for the process once; another that gets its number later is not taken for it.
    """

    def __init__(self, process: str) -> None:
        self._file = None if process.isdigit() else Path(process)
        self._watched: int | None = None
        if self._file is None:
            self._watched = _watch(int(process))
            if self._watched is None:
                raise SettingsError(
                    f"there is no process {process}",
                    where="--exit-with-pid",
                    remedy="name a process that runs, or the file in which it leaves its number; a process of another "
                    "container is seen only with shareProcessNamespace: true",
                )

    def __call__(self) -> bool:
        """Whether the process has ended. One whose number is not known yet has not."""
        if self._watched is None:
            number = self._number()
            if not number:
                return False
            self._watched = _watch(number)
            if self._watched is None:
                return True  # it left its number and has gone already
        poll = select.poll()
        poll.register(self._watched, select.POLLIN)
        return bool(poll.poll(0))

    def _number(self) -> int:
        """What the file says; 0: nothing yet."""
        text = ""
        with contextlib.suppress(OSError, ValueError):
            text = self._file.read_text("ascii") if self._file else ""
        return int(text) if re.fullmatch(r"\s*[1-9]\d{0,9}\s*", text) else 0


def _watch(number: int) -> int | None:
    try:
        return os.pidfd_open(number)
    except ProcessLookupError:
        return None
    except OSError as error:
        raise SettingsError(
            f"process {number} cannot be watched: {error.strerror}",
            where="--exit-with-pid",
            remedy="Linux 5.3 or later is needed; use --exit-with-file",
        ) from error


def file_appeared(path: Path) -> Reached:
    """Whether a file is there."""
    return path.exists


def first_of(ends: list[Reached]) -> Reached:
    """Whether any of several ends is reached."""
    return lambda: any(reached() for reached in ends)
