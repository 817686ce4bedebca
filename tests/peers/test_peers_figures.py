"""From samples of a process to a table: the window, medians, ratios within a round, and who is ahead."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.peers.destinations import Topics
from bench.peers.forms import Tally
from bench.peers.measure import Sample, Span, span, watch
from bench.peers.peer import Command, Tool
from bench.peers.plots import draw
from bench.peers.registry import PEERS
from bench.peers.report import behind, run_rows, summary
from bench.peers.run import Result, _measured, started
from schemas.errors import FatalError
from tests.peers.samples import site

EXACT = Tally(100, 0, 0, 0)


def result(peer: str, number: int, cpu_secs: float, **changes: object) -> Result:
    measured = Span(share=0.5, wall_secs=2.0, cpu_secs=cpu_secs, start_cpu_secs=0.5, peak_mb=40.0)
    values = {"peer": peer, "task": "tail", "round": number, "lines": 1000, "span": measured, "tally": EXACT}
    return Result(**(values | changes))  # type: ignore[arg-type]


def test_the_window_goes_from_the_first_arrival_to_the_last() -> None:
    samples = [
        Sample(at=0.0, cpu_secs=0.1, peak_mb=10, arrived=0),
        Sample(at=1.0, cpu_secs=1.0, peak_mb=20, arrived=20),
        Sample(at=2.0, cpu_secs=1.5, peak_mb=35, arrived=100),
        Sample(at=9.0, cpu_secs=1.9, peak_mb=30, arrived=100),
    ]
    assert span(samples) == Span(share=0.8, wall_secs=1.0, cpu_secs=0.5, start_cpu_secs=1.0, peak_mb=35)


def test_nothing_is_said_of_what_arrived_all_at_once() -> None:
    with pytest.raises(FatalError, match="all 7 arrivals came at once"):
        span([Sample(0.0, 0.1, 10, 0), Sample(1.0, 0.2, 10, 7)])


def test_a_process_is_watched_with_its_children_until_all_is_there() -> None:
    command = Command(("sh", "-c", f"{sys.executable} -c 'while True: pass' & wait"))
    counts = iter([0, 0, *range(1, 40)])
    with started(command, Path(os.devnull)) as process:
        samples = watch(process.pid, lambda: next(counts, 39), 39, poll_secs=0.02)
    assert samples[-1].arrived == 39
    assert samples[-1].cpu_secs > samples[0].cpu_secs
    assert samples[-1].peak_mb > 5


def test_what_was_started_is_ended_with_its_children(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with started(Command(("sh", "-c", f"sleep 60 & echo $! > {told}; wait")), Path(os.devnull)) as process:
        while not told.exists() or not told.read_text().strip():
            assert process.poll() is None
    found = subprocess.run(["ps", "-p", told.read_text().strip()], capture_output=True, check=False)
    assert found.returncode == 1


def test_a_program_that_ends_by_itself_is_an_error() -> None:
    with started(Command(("true",)), Path(os.devnull)) as process:
        process.wait()
        with pytest.raises(FatalError, match="ended by itself"):
            watch(process.pid, lambda: 0, 1, poll_secs=0.01)


def test_medians_and_ratios_within_each_round() -> None:
    ours = [result("logferry", number, cpu) for number, cpu in enumerate((1.0, 2.0, 4.0))]
    theirs = [result("other", number, cpu) for number, cpu in enumerate((3.0, 8.0, 8.0))]
    rows = summary([*theirs, *ours])
    assert [row["peer"] for row in rows] == ["logferry", "other"]
    assert [row["times_ours"] for row in rows] == [1.0, 3.0]
    assert (rows[1]["cpu_secs_per_million"], rows[1]["lines_per_sec"], rows[1]["peak_mb"]) == (16_000.0, 250, 40)
    assert behind(rows) == []


def test_who_needs_less_is_named() -> None:
    rows = summary([result("logferry", 1, 2.0), result("other", 1, 1.0)])
    assert behind(rows) == ["other needs 0.5 times logferry's CPU in tail"]


def test_a_run_without_figures_stands_in_the_table_with_its_reason() -> None:
    failed = result("other", 1, 1.0, span=None, tally=None, problem="it said nothing")
    rows = summary([result("logferry", 1, 2.0), failed])
    assert (rows[1]["rounds"], rows[1]["cpu_secs_per_million"], rows[1]["problem"]) == (0, None, "it said nothing")
    assert [row["problem"] for row in run_rows([failed])] == ["it said nothing"]


def test_missing_and_doubled_lines_add_up_over_rounds() -> None:
    lossy = [result("other", number, 1.0, tally=Tally(100, 3, 2, 1)) for number in range(2)]
    row = summary(lossy)[0]
    assert (row["missing"], row["doubled"], row["unwanted"], row["times_ours"]) == (6, 4, 2, None)


def test_pictures_are_drawn_for_cpu_rate_and_memory(tmp_path: Path) -> None:
    rows = summary([result("logferry", 1, 2.0), result("other", 1, 4.0), result("other", 1, 4.0, task="index")])
    drawn = draw(rows, tmp_path / "plots")
    assert [path.name for path in drawn] == [
        f"peers-{column}.{form}"
        for column in ("cpu-secs-per-million", "lines-per-sec", "peak-mb")
        for form in ("png", "svg")
    ]
    assert all(path.stat().st_size > 5_000 for path in drawn)


def test_what_a_program_was_built_without_is_told_instead_of_measured(tmp_path: Path) -> None:
    tool = Tool(Path("/nowhere"), "1.0", lacks={"index": "no exporter"})
    topics = Topics("127.0.0.1:1")
    told = _measured(PEERS["otel-collector"], tool, "index", site(tmp_path), topics, 10_000, 1)
    assert told == Result("otel-collector", "index", 1, 3_000, None, None, "no exporter")
