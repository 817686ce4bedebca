"""The life of a stage process: logging, and a stop that signals ask for.

The first SIGTERM or SIGINT asks the stage to finish what is in flight; a second one ends the process at once, which
loses nothing either, since positions advance only behind acknowledgements.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Final

from runtime.own_logs import JsonFormatter, Seldom, instance_of, log_uncaught

if TYPE_CHECKING:
    from schemas.settings import Settings

OURS: Final = ("schemas", "runtime", "producers", "streams", "sinks", "deploy", "bench")
"""Whose level is as the settings say. Libraries stay at INFO at least: some log each request at DEBUG, and a request
that carries such a line to its destination would cause the next."""

CHATTY: Final = {
    "faust": "WARNING",
    "mode": "WARNING",
    "aiokafka": "WARNING",
    "elastic_transport": "WARNING",
    "librdkafka": "CRITICAL",  # what matters of it comes through error callbacks
    "opentelemetry": "CRITICAL",  # what matters of it is counted and said by runtime.tracing
}
"""Libraries that log every request, every step, or everything twice -> the level from which they are heard."""


class Calm(logging.Filter):
    """Lets at most a few lines of one place in the code through in a while: clients complain twenty times a second."""

    MOST = 3
    SECS = 10.0

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}
        """Place -> beginning of its current while, and lines in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line may pass; the first of a new while says how many did not."""
        place = (record.pathname, record.lineno)
        since, count = self._seen.get(place, (record.created, 0))
        if record.created - since >= self.SECS:
            if count > self.MOST:
                record.msg = f"{record.getMessage()} ({count - self.MOST} more like this were left out)"
                record.args = ()
            since, count = record.created, 0
        self._seen[place] = (since, count + 1)
        return count < self.MOST


def set_up_logging(level: str = "INFO") -> None:
    """Log to standard error, one line each: UTC time, level, module, text."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(Seldom())
    handler.addFilter(Calm())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, threshold in CHATTY.items():
        logging.getLogger(name).setLevel(threshold)


def follow_settings(settings: Settings, stage: str) -> None:
    """Log as the settings say from now on. ``stage``: as in a LedgerEntry, for example ``sink/search``."""
    wished = logging.getLevelNamesMapping()[settings.logging.level.upper()]
    root = logging.getLogger()
    root.setLevel(max(wished, logging.INFO))
    for name in OURS:
        logging.getLogger(name).setLevel(wished)
    for name, threshold in CHATTY.items():
        logging.getLogger(name).setLevel(max(wished, logging.getLevelNamesMapping()[threshold]))
    if settings.logging.format == "json":
        formatter = JsonFormatter(stage, instance_of(settings.kafka.instance))
        for handler in root.handlers:
            handler.setFormatter(formatter)
        log_uncaught()


def ease_collector() -> None:
    """Let the garbage collector look less often, and never at what was imported.

    Stages make and drop tens of thousands of objects a second, hardly any of them in cycles. With Python's defaults
    looking for cycles took a quarter of the Elasticsearch sink's time (docs/benchmarks.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one; a node has more log files than the usual 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


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
