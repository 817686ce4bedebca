"""What a run says: rows of figures, medians beside logferry's, and why somebody is not in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from bench.peers.peer import Peer, Tool
from bench.peers.run import Result

OURS: Final = "logferry"


@dataclass(frozen=True)
class Figures:
    """One program's task in one round, or its medians."""

    cpu_per_million: float
    """CPU seconds, of all its processes."""
    lines_per_sec: float
    peak_mb: float
    start_cpu_secs: float


def figures(result: Result) -> Figures | None:
    """What was measured, for each line; None when nothing was."""
    span = result.span
    if span is None:
        return None
    lines = result.lines * span.share
    return Figures(span.cpu_secs / lines * 1e6, lines / span.wall_secs, span.peak_mb, span.start_cpu_secs)


def run_rows(results: Iterable[Result]) -> list[dict[str, Any]]:
    """A row for each program, task and round, as it was measured."""
    rows = []
    for each in results:
        found = figures(each)
        judged = each.tally
        rows.append(
            {
                "task": each.task,
                "peer": each.peer,
                "round": each.round,
                "lines": each.lines,
                "cpu_secs_per_million": round(found.cpu_per_million, 3) if found else None,
                "lines_per_sec": round(found.lines_per_sec) if found else None,
                "peak_mb": round(found.peak_mb, 1) if found else None,
                "start_cpu_secs": round(found.start_cpu_secs, 2) if found else None,
                "missing": judged.missing if judged else None,
                "doubled": judged.doubled if judged else None,
                "unwanted": judged.unwanted if judged else None,
                "problem": each.problem,
            }
        )
    return rows


def summary(results: Sequence[Result]) -> list[dict[str, Any]]:
    """A row for each task and program: medians, and how many times logferry's figure it is, round by round."""
    tasks = list(dict.fromkeys(each.task for each in results))
    peers = list(dict.fromkeys(each.peer for each in results))
    ordered = sorted(peers, key=lambda name: name != OURS)
    return [
        _summed(task, peer, [each for each in results if each.task == task])
        for task in tasks
        for peer in ordered
        if any(each.task == task and each.peer == peer for each in results)
    ]


def _summed(task: str, peer: str, results: Sequence[Result]) -> dict[str, Any]:
    mine = [each for each in results if each.peer == peer]
    found = [each for each in map(figures, mine) if each]
    judged = [each.tally for each in mine if each.tally]
    problems = [each.problem for each in mine if each.problem]
    return {
        "task": task,
        "peer": peer,
        "rounds": len(found),
        "cpu_secs_per_million": _middle([each.cpu_per_million for each in found], 2),
        "times_ours": _middle(_ratios(peer, results), 2),
        "lines_per_sec": _middle([each.lines_per_sec for each in found], 0),
        "peak_mb": _middle([each.peak_mb for each in found], 0),
        "start_cpu_secs": _middle([each.start_cpu_secs for each in found], 2),
        "missing": sum(each.missing for each in judged),
        "doubled": sum(each.doubled for each in judged),
        "unwanted": sum(each.unwanted for each in judged),
        "problem": problems[0] if problems else "",
    }


def _ratios(peer: str, results: Sequence[Result]) -> list[float]:
    """CPU seconds a line over logferry's of the same round."""
    of = {(each.peer, each.round): found.cpu_per_million for each in results if (found := figures(each))}
    rounds = {number for _, number in of}
    return [of[peer, each] / of[OURS, each] for each in rounds if (peer, each) in of and of.get((OURS, each))]


def _middle(values: Sequence[float], digits: int) -> float | int | None:
    if not values:
        return None
    return round(median(values), digits) if digits else round(median(values))


def behind(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """A sentence for each task in which somebody needs less CPU than logferry."""
    return [
        f"{row['peer']} needs {row['times_ours']} times logferry's CPU in {row['task']}"
        for row in rows
        if row["times_ours"] is not None and row["times_ours"] < 1
    ]


def document(
    results: Sequence[Result], tools: Mapping[str, tuple[Peer, Tool]], left_out: Mapping[str, str]
) -> dict[str, Any]:
    """Everything, for machines."""
    rows = summary(results)
    return {
        "summary": rows,
        "runs": run_rows(results),
        "peers": {name: {"version": tool.version, "guarantee": peer.guarantee} for name, (peer, tool) in tools.items()},
        "left_out": dict(left_out),
        "behind": behind(rows),
    }
