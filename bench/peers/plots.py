"""The figures as pictures: bars for each task, one colour for a program. Needs matplotlib (`logferry[bench]`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.peers.report import OURS
from bench.peers.task import TASKS
from schemas.errors import SettingsError

PANELS: Final = {
    "cpu_secs_per_million": "CPU seconds per million lines (less is better)",
    "lines_per_sec": "lines per second (more is better)",
    "peak_mb": "peak memory, MiB (less is better)",
}
FORMATS: Final = ("png", "svg")
OUR_COLOUR: Final = "#1a7f5a"
OTHERS_COLOUR: Final = "#9aa5b1"


def draw(rows: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Write a picture for each panel in each format; returns their paths. Raises SettingsError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise SettingsError("plots need matplotlib", remedy="pip install 'logferry[bench]'") from error
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [task for task in TASKS if any(row["task"] == task for row in rows)]
    written = []
    for column, title in PANELS.items():
        figure = Figure(figsize=(4.2 * len(tasks), 3.4), layout="constrained")
        figure.suptitle(title)
        for axes, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
            _bars(axes, task, [row for row in rows if row["task"] == task and row[column] is not None], column)
        for form in FORMATS:
            written.append(folder / f"peers-{column.replace('_', '-')}.{form}")
            figure.savefig(written[-1], dpi=130)
    return written


def _bars(axes: Any, task: str, rows: Sequence[Mapping[str, Any]], column: str) -> None:
    names = [row["peer"] for row in rows]
    colours = [OUR_COLOUR if name == OURS else OTHERS_COLOUR for name in names]
    bars = axes.barh(names, [row[column] for row in rows], color=colours)
    axes.bar_label(bars, labels=[f"{row[column]:,}" for row in rows], padding=3, fontsize=8)
    axes.margins(x=0.2)
    axes.invert_yaxis()
    axes.set_title(TASKS[task], fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
