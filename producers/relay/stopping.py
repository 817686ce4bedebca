"""Sleeping until a signal comes: for loops of the main thread that have nothing else to wake them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Final

from producers.relay.until import Reached

STOPPING: Final = frozenset({signal.SIGTERM, signal.SIGINT})


def stop_signals(reached: Reached) -> Callable[[float], bool]:
    """A sleep in seconds that tells whether it is time to stop: by SIGTERM, SIGINT, or because an end is reached.

    The signals stay blocked from now on and are taken here; the second one ends the process at once. Call it in the
    main thread.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    asked = False

    def wait(secs: float) -> bool:
        nonlocal asked
        received = signal.sigtimedwait(STOPPING, secs)
        if received is not None:
            if asked:
                os._exit(128 + received.si_signo)
            asked = True
        return asked or reached()

    return wait
