"""How far a replay is, on a terminal: a bar with bytes, chunks, rate and time left. In a pipe nothing."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

from deploy.duration import show_bytes


class Shown:
    """Use it in a ``with`` block."""

    def __init__(self, total: int, done: int = 0) -> None:
        self._total = max(1, total)
        self._done = done
        self._began = time.monotonic()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[told]}"),
                TimeRemainingColumn(),
            )
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._progress.start()
            self._task = self._progress.add_task("sending", total=self._total, completed=self._done, told="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def at(self, done: int, chunks: int, sent: int, ahead: int) -> None:
        """So much was looked at, so many chunks and bytes were sent, so many bytes are not worked on yet."""
        if self._progress is None or self._task is None:
            return
        rate = sent / max(0.001, time.monotonic() - self._began)
        waiting = f", {show_bytes(ahead)} ahead of the workers" if ahead else ""
        told = f"{chunks:,} chunks, {show_bytes(sent)}, {show_bytes(rate)}/s{waiting}"
        self._progress.update(self._task, completed=done, told=told)

    def phase(self, what: str) -> None:
        """What is waited for now."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=what)
