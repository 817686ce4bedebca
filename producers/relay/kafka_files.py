"""`logferry relay --to kafka FILE…`: files straight to logs.raw, with all that `logferry produce` does for files.

Checkpoints lie beside the first file, in a folder ``.logferry-relay``: they live exactly as long as the files do, in
whatever volume the sidecar shares with the application.
"""

from __future__ import annotations

import glob
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from schemas.settings.inputs.files import ContainerOfFiles, FilesInput

if TYPE_CHECKING:
    from producers.relay.identity import Container
    from producers.relay.until import Reached
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

QUIET_SECS = 0.5
"""When asked to stop, the files must have been read to their ends for so long: the last words of a program that is
stopped at the same time come along. More than the time in which a new file is found."""

RETRY_SECS = 5.0
"""Pause before files are followed again after a failure, beside a program that must not notice."""


def settings_for(
    settings: Settings,
    files: Sequence[Path],
    container: Container | None,
    *,
    tag: str | None = None,
    from_end: bool = False,
    state_folder: Path | None = None,
    unterminated_line_secs: float = 2.0,
) -> Settings:
    """The settings with one input for each file instead of their own; ``files`` are absolute."""
    start_at: Literal["beginning", "end"] = "end" if from_end else "beginning"
    owner = None if container is None else ContainerOfFiles(**asdict(container))
    inputs = {
        f"relay-{number}": FilesInput(
            type="files", path=glob.escape(str(file)), tag=tag, start_at=start_at, container=owner
        )
        for number, file in enumerate(files, 1)
    }
    folder = state_folder or files[0].parent / ".logferry-relay" / _name_of(files)
    few_files = {"scan_interval_secs": 0.2, "poll_interval_secs": 0.1}
    own = {"state_folder": str(folder), "unterminated_line_secs": unterminated_line_secs}
    producer = settings.producer.model_copy(update=few_files | own)
    return settings.model_copy(update={"inputs": inputs, "producer": producer})


def _name_of(files: Sequence[Path]) -> str:
    """So that several relays may work in one folder."""
    return blake2b("\0".join(map(str, files)).encode(errors="surrogateescape"), digest_size=6).hexdigest()


class ReadToTheEnd(threading.Event):
    """Is set when a stop was asked for and the files have been read to their ends, or the time for it is over.

    A node's producer leaves the rest to its successor; a sidecar may have none.
    """

    def __init__(self, asked: threading.Event, has_backlog: Callable[[], bool], drain_secs: float) -> None:
        super().__init__()
        self._asked = asked
        self._has_backlog = has_backlog
        self._drain_secs = drain_secs
        self._asked_at: float | None = None
        self._quiet_since = 0.0

    def is_set(self) -> bool:
        """Asked by the producer before each round."""
        if not self._asked.is_set():
            return False
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = self._quiet_since = now
        if self._has_backlog():
            self._quiet_since = now
        return now - self._quiet_since >= QUIET_SECS or now - self._asked_at >= self._drain_secs


def ship_files(settings: Settings, stop: threading.Event, drain_secs: float) -> None:
    """Follow the files until asked to stop and read to their ends. Raises LogferryError."""
    from producers.produce import NodeProducer

    producer = NodeProducer(settings)

    def has_backlog() -> bool:
        return any(tail.backlog() for tail in producer.files.tails())

    try:
        producer.run(ReadToTheEnd(stop, has_backlog, drain_secs))
    finally:
        producer.metrics.snapshot()


def ship_files_always(settings: Settings, stop: threading.Event, drain_secs: float) -> None:
    """The same beside a program: a failure is logged and tried again, for the program must not die of it."""
    while not stop.is_set():
        try:
            ship_files(settings, stop, drain_secs)
        except Exception as error:
            _log.error("files are not followed now: %s", error)
            stop.wait(RETRY_SECS)


def stop_when(reached: Reached, stop: threading.Event) -> None:
    """Set ``stop`` when an end is reached; runs in a thread."""
    while not stop.wait(0.1):
        if reached():
            stop.set()
