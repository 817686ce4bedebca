"""A child that must not outlive its parent: the kernel is asked to kill it when the thread that started it dies."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def end_with(parent: int) -> Callable[[], None] | None:
    """What a child does before it becomes its program (`preexec_fn`); ``parent``: our process id. Linux only."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and here
            os._exit(1)

    return ask
