"""How the demo's programs end: SIGTERM sets an event, and every wait is a wait for it.

So does the death of the runtime, however it dies: `$POD_LIFELINE` is the number of a pipe that ends with it.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def asked_to_end() -> threading.Event:
    """Return the event that SIGTERM and SIGINT set. Call it from the main thread."""
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    if "POD_LIFELINE" in os.environ:
        threading.Thread(target=_outlive, args=(int(os.environ["POD_LIFELINE"]), asked), daemon=True).start()
    return asked


def _outlive(lifeline: int, asked: threading.Event) -> None:
    """Wait for the end of a pipe to which nobody ever writes."""
    os.read(lifeline, 1)
    asked.set()
