"""What the inputs that read files know of the formats they read: as much as is needed to cut and to identify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from producers.core.files.container_names import docker_file_name, log_file_name
from producers.core.files.cut import (
    LineEnd,
    Opened,
    docker_open_streams,
    has_header,
    no_open_streams,
    open_streams,
)
from producers.core.files.log_names import LIVE, LogFileName, rotated_name
from producers.files.log_file import LogFile, open_log
from schemas.identity import FIRST_LINE_MAX_BYTES


class Open(Protocol):
    """Opens a file by its path. Raises OSError."""

    def __call__(self, path: str, *, compressed: bool) -> LogFile:
        """As `log_file.open_log`."""


@dataclass(frozen=True)
class Format:
    """How the files of one source are written."""

    framing: str
    line_end: LineEnd
    name: Callable[[str], LogFileName | None]
    """What a file's name says; None: it is no log file."""
    opened: Opened
    """Streams whose last line is partial."""
    can_be_cut: Callable[[bytes], bool]
    """Whether a line that does not go on may be sent without its end; not where it would be unreadable."""
    has_timestamps: bool
    """Every line carries its writer's time, so that a file's first line tells it from every other and no record needs
    the time of reading."""
    first_line_max_bytes: int
    """So much of a file's first line tells it from every other."""
    grace_secs: float
    """How long a rotated file is still watched once its successor is there."""
    open: Open = open_log


CRI: Final = Format(
    "cri",
    LineEnd(),
    log_file_name,
    open_streams,
    has_header,
    has_timestamps=True,
    first_line_max_bytes=FIRST_LINE_MAX_BYTES,
    grace_secs=0.5,
)
# Docker writes the time behind the text. It cuts lines at 16 KiB, which escapes make six times as long at most.
DOCKER: Final = Format(
    "docker",
    LineEnd(),
    docker_file_name,
    docker_open_streams,
    lambda _rest: False,
    has_timestamps=True,
    first_line_max_bytes=256 * 1024,
    grace_secs=0.5,
)


def _any_name(entry: str) -> LogFileName:
    found = rotated_name(entry)
    return LIVE if found is None else found.name


def text_format(encoding: str | None) -> Format:
    """Text without a frame. Programs that are told by a signal to reopen their log may write to the old one a while."""
    return Format(
        "raw",
        LineEnd(encoding),
        _any_name,
        no_open_streams,
        bool,
        has_timestamps=False,
        first_line_max_bytes=FIRST_LINE_MAX_BYTES,
        grace_secs=2.0,
    )
