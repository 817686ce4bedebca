"""The log of our own processes as JSON, one object a line, for `logging.format: json`.

::

    {"timestamp":"2026-11-21T01:02:03.123456Z","level":"WARNING","logger":"sinks.delivery","message":"…",
     "logferry":{"stage":"sink/search","instance":"logferry-search-0","version":"0.1.0","pid":7}}

An error's stack stands under OpenTelemetry's names (``exception.type``, ``exception.message``,
``exception.stacktrace``). Streams read all of it without a rule; ``logferry`` becomes an attribute by which a route can
tell such lines from others. It has no power beyond that: no stage passes over a line because of it, so nobody can hide
a line by writing it.

That our log, read by ourselves, comes to rest follows from what is logged: nothing for a record, a chunk or a request
that went well, at any level. What can go wrong for one record at a time is said by `Seldom`.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from schemas.errors import LogferryError

_log = logging.getLogger(__name__)

QUIET_SECS: Final = 3600.0
KINDS_MAX: Final = 100


@lru_cache(maxsize=1)
def our_version() -> str:
    """Version of the package."""
    try:
        return version("logferry")
    except PackageNotFoundError:  # run from a folder
        return "unknown"


def instance_of(name: str | None) -> str:
    """What tells this process from others of its stage: its name in Kafka, else the host's, which is the pod's."""
    return name or socket.gethostname()


class JsonFormatter(logging.Formatter):
    """A line of our log as one JSON object."""

    def __init__(self, stage: str, instance: str) -> None:
        super().__init__()
        self._mark: Mapping[str, Any] = {
            "stage": stage, "instance": instance, "version": our_version(), "pid": os.getpid(),
        }  # fmt: skip

    def format(self, record: logging.LogRecord) -> str:
        """One line without its end."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "timestamp": f"{moment}.{int(record.created % 1 * 1_000_000):06d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["exception.type"] = type(error).__qualname__
            line["exception.message"] = str(error)
            line["exception.stacktrace"] = self.formatException(record.exc_info)
        line["logferry"] = self._mark
        return json.dumps(line, ensure_ascii=False, default=str, separators=(",", ":"))


class Seldom(logging.Filter):
    """Lets through what may happen for one record at a time, once an hour for each kind of it.

    Else the line about a record that is one of our own log would cause another, for ever. Lines say of which kind they
    are by ``extra={"kind": …}``; how many more there were is a matter of metrics.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line may pass; one without a kind may."""
        kind = getattr(record, "kind", None)
        if kind is None:
            return True
        if record.created - self._said.get(kind, float("-inf")) < QUIET_SECS:
            return False
        if len(self._said) >= KINDS_MAX:
            self._said.clear()
        self._said[kind] = record.created
        return True


def is_json() -> bool:
    """Whether this process logs JSON."""
    return any(isinstance(each.formatter, JsonFormatter) for each in logging.getLogger().handlers)


def say_last(error: LogferryError) -> None:
    """Say why this process ends, in the form in which it has logged so far."""
    if is_json():
        _log.critical("%s", error)
    else:
        sys.stderr.write(f"error: {error}\n")


def log_uncaught() -> None:
    """Have errors that nobody caught logged as one line, instead of printed over many."""

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            _log.critical("ended by an error that nobody foresaw: %s", error, exc_info=(kind, error, trace))

    def in_thread(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None:
            told = (failed.exc_type, failed.exc_value, failed.exc_traceback)
            _log.error("a thread ended by an error that nobody foresaw: %s", failed.exc_value, exc_info=told)

    sys.excepthook = uncaught
    threading.excepthook = in_thread
