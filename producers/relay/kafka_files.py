"""`logferry relay --to kafka FILE…`: files straight to logs.raw, with all that `logferry produce` does for files.

Checkpoints lie beside the first file, in a folder ``.logferry-relay``: they live exactly as long as the files do, in
whatever volume the sidecar shares with the application.
"""

from __future__ import annotations

import glob
import logging
import threading
from collections.abc import Sequence
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


def ship_files(settings: Settings, stop: threading.Event, drain_secs: float) -> None:
    """Follow the files until asked to stop and read to their ends. Raises LogferryError."""
    from producers.produce import NodeProducer

    drained = settings.producer.model_copy(update={"drain_secs": drain_secs})
    producer = NodeProducer(settings.model_copy(update={"producer": drained}))
    try:
        producer.run(stop)
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
