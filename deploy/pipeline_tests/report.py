"""What became of tests, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from deploy.pipeline_tests.compare import Comparison, compare
from deploy.pipeline_tests.load import LoadedTest
from deploy.pipeline_tests.run import run_test

_COLOURS: Final = {"-": "red", "+": "green", "@": "cyan"}


@dataclass(frozen=True)
class Verdict:
    """What became of one test."""

    loaded: LoadedTest
    comparison: Comparison

    @property
    def is_good(self) -> bool:
        """Whether everything came out as it should."""
        return self.comparison.is_good


def verdict_of(loaded: LoadedTest) -> Verdict:
    """Run one test. Raises SettingsError for settings that a worker would not start with."""
    return Verdict(loaded, compare(loaded.test.expect, run_test(loaded)))


def print_verdict(console: Console, verdict: Verdict) -> None:
    """One line for a test that holds; what differs for one that does not."""
    loaded = verdict.loaded
    place = f"{loaded.file}:{loaded.line}"
    if verdict.is_good:
        console.print(Text.assemble(("ok", "green"), f"      {place}  {loaded.test.name}"))
        return
    console.print(Text.assemble(("FAILED", "bold red"), f"  {place}  {loaded.test.name}"))
    lines = verdict.comparison.diff()
    if lines:
        console.print(Text.assemble("        ", ("- expected", "red"), "  ", ("+ came out", "green")))
    for line in lines:
        console.print(Text(f"        {_printable(line)}", _COLOURS.get(line[:1], "")))
    if unaccounted := verdict.comparison.unaccounted:
        console.print(
            f"        lines whose fate is not known: {unaccounted}; this is a defect of logferry, please report it"
        )


def _printable(line: str) -> str:
    """Nothing in a log line may control the terminal."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in line)


def summary_line(verdicts: Sequence[Verdict]) -> str:
    """How many held."""
    failed = sum(not each.is_good for each in verdicts)
    files = len({each.loaded.file for each in verdicts})
    counted = f"{_many(len(verdicts), 'test')} in {_many(files, 'file')}"
    return f"{counted}: {len(verdicts) - failed} ok, {failed} failed" if failed else f"{counted}: all ok"


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def as_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The same for machines."""
    failed = sum(not each.is_good for each in verdicts)
    return {
        "ok": not failed,
        "passed": len(verdicts) - failed,
        "failed": failed,
        "tests": [_test_as_json(each) for each in verdicts],
    }


def _test_as_json(verdict: Verdict) -> dict[str, Any]:
    loaded, comparison = verdict.loaded, verdict.comparison
    found = {"file": loaded.file, "line": loaded.line, "name": loaded.test.name, "ok": verdict.is_good}
    if verdict.is_good:
        return found
    more = {"expected": comparison.expected, "got": comparison.got, "diff": "\n".join(comparison.diff())}
    return found | more | {"unaccounted": comparison.unaccounted}
