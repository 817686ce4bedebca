"""The life of a stage process: logging, and a stop that signals ask for.

The first SIGTERM or SIGINT asks the stage to finish what is in flight; a second one ends the process at once, which
loses nothing either, since positions advance only behind acknowledgements.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Final

CHATTY: Final = ("faust", "mode", "aiokafka", "elastic_transport")
"""Libraries that log every request or every step at INFO."""


def set_up_logging(level: str = "INFO") -> None:
    """Log to standard error, one line each: UTC time, level, module, text."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel("WARNING")


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop
