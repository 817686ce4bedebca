"""What a start has to say while it goes on; who shows it (and how) is the command line's business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Step(StrEnum):
    """The steps of a start, in this order for each server; NOTE may come at any time."""

    DOWNLOADING = "downloading"
    UNPACKING = "unpacking"
    STARTING = "starting"
    READY = "ready"
    NOTE = "note"


@dataclass(frozen=True)
class Progress:
    """One thing worth showing."""

    step: Step
    server: str
    """Name of the server, or `java`, or `stack` for what concerns all of them."""
    done_bytes: int = 0
    """While downloading: bytes that arrived of `total_bytes`."""
    total_bytes: int = 0
    note: str = ""
    """A sentence for people, when the step alone does not say it."""

    def __str__(self) -> str:
        if self.step is Step.NOTE:
            return self.note
        amount = f" {self.done_bytes / 1e6:.0f} of {self.total_bytes / 1e6:.0f} MB" if self.total_bytes else ""
        return f"{self.server}: {self.step}{amount}{' ' if self.note else ''}{self.note}"


Report: TypeAlias = Callable[[Progress], None]
"""Takes a Progress. Never called by two threads at once, but not always by the one that called `start`."""


def silent(_progress: Progress) -> None:
    """Show nothing."""
