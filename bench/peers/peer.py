"""What the bench knows of a program: how to come by it, and how it is told to do each task."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.peers.forms import LINE, Form
from bench.peers.task import Site

VERSION_SECS: Final = 60.0


class LeftOutError(Exception):
    """The program cannot be had here; the text says why, for the table."""


@dataclass(frozen=True)
class Tool:
    """A program that was found."""

    path: Path
    version: str
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beyond this process's own."""
    lacks: Mapping[str, str] = field(default_factory=dict)
    """Task that this program, as it was found, cannot do -> why."""


@dataclass(frozen=True)
class Command:
    """A process to start."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


Configure = Callable[[Tool, Site], Command]
Find = Callable[[Path | None], Tool]
"""Takes the path that was given by an option. Raises LeftOutError; may take minutes where it builds."""


@dataclass(frozen=True)
class Peer:
    """One program."""

    name: str
    find: Find
    tasks: Mapping[str, Configure]
    """Those tasks that it can do."""
    guarantee: str
    """What is lost when it is killed, as it is configured here."""
    forms: Mapping[str, Form] = field(default_factory=dict)
    """Task -> what its records are; one line each if not named."""
    option: str = ""
    """The option that names the program, where it is looked for on PATH only."""

    def form(self, task: str) -> Form:
        """What it writes in a task."""
        return self.forms.get(task, LINE)


def on_path(name: str, *arguments: str) -> Find:
    """Looks for a program by the path given, else on PATH, and asks it for its version."""

    def find(given: Path | None) -> Tool:
        found = str(given) if given else shutil.which(name)
        if found is None:
            raise LeftOutError(f"{name} is not on PATH, and no option names it")
        return Tool(Path(found), version_of([found, *arguments]))

    return find


def version_of(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """The first line that a program says of itself. Raises LeftOutError when it cannot be run."""
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=VERSION_SECS,
            env={**os.environ, **(environment or {})},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LeftOutError(f"{command[0]} cannot be run: {error}") from error
    said = (done.stdout or done.stderr).strip().splitlines()
    if done.returncode or not said:
        raise LeftOutError(f"{command[0]} ended with {done.returncode}: {' '.join(said[:1])}")
    return said[0].strip()
