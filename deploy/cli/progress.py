"""A count of what was done, on a terminal, once it takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

PATIENCE_SECS: Final = 2.0

T = TypeVar("T")


def shown(things: Iterable[T], what: str) -> Iterator[T]:
    """The same things; how many went by stands on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield from things
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    began = time.monotonic()
    columns = (TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None, visible=False)
        for each in things:
            yield each
            progress.update(task, advance=1, visible=time.monotonic() - began > PATIENCE_SECS)
