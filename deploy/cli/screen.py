"""Where `logferry up` shows itself: a live view on a terminal, a line now and then in a pipe."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from deploy.local.data import default_data_folder
from deploy.local.progress import Progress, Step
from deploy.up.view import exit_words, plain_line, screen

if TYPE_CHECKING:
    from deploy.up.picture import Picture
    from deploy.up.supervisor import Slot

LINE_SECS: Final = 10.0
WIDE: Final = 160
EXAMPLE: Final = "kubernetes.labels.app:numbers-api AND log:fizz"


class PlainScreen:
    """Lines, for a pipe or a log."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._next_line = 0.0
        self._steps: set[tuple[str, Step]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Nothing to put away."""

    def report(self, progress: Progress) -> None:
        """Each step of each server once."""
        if progress.step is Step.NOTE or (progress.server, progress.step) not in self._steps:
            self._steps.add((progress.server, progress.step))
            self._say(str(progress))

    def show(self, picture: Picture) -> None:
        """A line every ten seconds."""
        now = time.monotonic()
        if not self._next_line:
            self._next_line = now + LINE_SECS
        elif now >= self._next_line:
            self._next_line = now + LINE_SECS
            self._say(plain_line(picture))

    def ready(self, picture: Picture) -> None:
        """Where everything is."""
        self._say(*whereabouts(picture))

    def failing(self, slot: Slot, log: Path, lines: list[str]) -> None:
        """Which stage, how, and what it said last."""
        self._say(*failure(slot, log, lines))

    def _say(self, *lines: str) -> None:
        for line in lines:
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)


class LiveScreen(PlainScreen):
    """A view that is drawn anew every second; what must be read stays above it."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._live: Live | None = None
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._end_bars()
        if self._live:
            self._live.stop()

    def report(self, progress: Progress) -> None:
        """A bar for each download, a line for each other step."""
        if progress.step is not Step.DOWNLOADING or not progress.total_bytes:
            super().report(progress)
            return
        if self._bars is None:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
            self._bars = Bars(*columns, console=self.console, transient=True)
            self._bars.start()
        if progress.server not in self._tasks:
            self._tasks[progress.server] = self._bars.add_task(progress.server, total=progress.total_bytes)
        self._bars.update(self._tasks[progress.server], completed=progress.done_bytes, total=progress.total_bytes)

    def show(self, picture: Picture) -> None:
        """The whole view."""
        self._end_bars()
        view = screen(picture, "Ctrl-C stops")
        if self._live is None:
            # The summary takes its place.
            self._live = Live(view, console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(view, refresh=True)

    def _end_bars(self) -> None:
        if self._bars:
            self._bars.stop()
            self._bars = None


def whereabouts(picture: Picture) -> list[str]:
    """Addresses, the data folder, and commands that work as they stand."""
    failed = ", ".join(row.name for row in picture.stages if row.state == "failed")
    heading = f"everything runs but {failed}" if failed else "everything runs"
    lines = [f"{heading}; data in {picture.data}", f"  Kafka          {picture.kafka}"]
    if picture.elasticsearch:
        lines.append(f"  Elasticsearch  {picture.elasticsearch}")
    lines.append(f"  settings       {picture.config}")
    lines.append(f"  try            {command(picture, 'status')}")
    if picture.elasticsearch:
        query = EXAMPLE if picture.demo else "*"
        lines.append(f"                 {command(picture, 'search', query)}")
    return lines


def command(picture: Picture, *arguments: str) -> str:
    """A command line that finds this pipeline when typed in the same folder."""
    found = shutil.which("logferry")
    own = Path(sys.executable).parent / "logferry"
    if found and own.exists() and Path(found).samefile(own):
        program = "logferry"
    else:
        program = str(own) if own.exists() else f"{sys.executable} -m deploy.cli"
    usual = Path(picture.data) == default_data_folder(Path.cwd())
    where = () if usual else ("--data", picture.data)
    return " ".join((program, *(shlex.quote(each) for each in (*arguments, *where))))


def failure(slot: Slot, log: Path, lines: list[str]) -> list[str]:
    """What a person should know of a stage that keeps failing."""
    how = "killed or crashed" if slot.last_exit is None else exit_words(slot.last_exit)
    what = (
        "its settings are wrong, it is not started again"
        if slot.state == "failed"
        else f"{slot.crashes} times in a row"
    )
    return [f"{slot.stage.name} keeps failing ({how}; {what}); the end of {log}:", *(f"    {line}" for line in lines)]


def make_screen(*, to_stderr: bool) -> PlainScreen:
    """The screen that fits where it goes."""
    console = Console(stderr=to_stderr)
    return LiveScreen(console) if console.is_terminal else PlainScreen(console)


def print_summary(picture: Picture) -> None:
    """What went through, on standard output."""
    wide_console().print(screen(picture))


def wide_console() -> Console:
    """Standard output; where it is no terminal, wide enough for any table."""
    return Console() if sys.stdout.isatty() else Console(width=WIDE)
