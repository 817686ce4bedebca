"""Paired rounds: in each, every program does every task on the same lines, one after the other, in an order that turns.

What stands in the table is the median of the rounds; ratios are taken within each round, so that a machine that is
slower in one than in another says nothing of a program.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bench.corpus import FILES, KEPT_SHARE, Corpus, generate
from bench.peers.destinations import Arrivals, Index, Topics
from bench.peers.forms import Mark, Tally, tally
from bench.peers.measure import Span, span, watch
from bench.peers.peer import Command, LeftOutError, Peer, Tool
from bench.peers.task import PARTITIONS, TASKS, Site
from deploy.demo.lines import Lines, Profile
from schemas.errors import LogferryError

POLL_SECS: Final = {"tail": 0.02, "route": 0.02, "index": 0.1}
"""How often arrivals are counted; for the sake of Elasticsearch not too often there."""
END_SECS: Final = 15.0
"""From SIGTERM to SIGKILL."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """One program, one task, one round."""

    peer: str
    task: str
    round: int
    lines: int
    """That the task is about."""
    span: Span | None
    tally: Tally | None
    problem: str = ""
    """Why there are no figures."""


@dataclass(frozen=True)
class Plan:
    """What to run."""

    folder: Path
    bootstrap_servers: str
    elasticsearch_url: str
    lines: int
    rounds: int
    tasks: tuple[str, ...]


class Rounds:
    """All rounds of a plan."""

    def __init__(self, plan: Plan, tools: Mapping[str, tuple[Peer, Tool]], progress: Progress) -> None:
        self._plan = plan
        self._tools = dict(tools)
        self._progress = progress
        self._name = f"peers{os.getpid()}x{int(time.time())}"

    def run(self) -> Iterator[Result]:
        """Measure; results come as they are ready."""
        self._progress(f"writing {self._plan.lines} lines")
        corpus = generate(self._plan.folder / "node", self._plan.lines, PARTITIONS)
        topics = Topics(self._plan.bootstrap_servers)
        for number in range(1, self._plan.rounds + 1):
            sites = {name: self._site(name, number, corpus) for name in self._tools}
            try:
                for site in sites.values():
                    topics.create([site.raw, *site.routed])
                self._on_indices(sites, Index.prepare)
                yield from self._round(number, sites, corpus, topics)
            finally:
                for site in sites.values():
                    topics.drop(f"{site.name}.")
                self._on_indices(sites, Index.drop)

    def _on_indices(self, sites: Mapping[str, Site], act: Callable[[Index], None]) -> None:
        """Without *index* among the tasks there need not be an Elasticsearch."""
        if "index" in self._plan.tasks:
            for site in sites.values():
                act(Index(site))

    def _site(self, name: str, number: int, corpus: Corpus) -> Site:
        folder = self._plan.folder / f"{name}-{number}"
        folder.mkdir()
        return Site(
            name=f"{self._name}-{name}-{number}",
            folder=folder,
            files=corpus.root,
            pods=tuple(corpus.pods),
            bootstrap_servers=self._plan.bootstrap_servers,
            elasticsearch_url=self._plan.elasticsearch_url,
        )

    def _round(self, number: int, sites: Mapping[str, Site], corpus: Corpus, topics: Topics) -> Iterator[Result]:
        names = list(self._tools)
        turn = (number - 1) % len(names)
        last = max(list(TASKS).index(task) for task in self._plan.tasks)
        for task in list(TASKS)[: last + 1]:
            for name in names[turn:] + names[:turn]:
                peer, tool = self._tools[name]
                if task not in peer.tasks:
                    if task == "tail" and last > 0:
                        topics.fill(sites[name].raw, _lines_of(corpus))
                    continue
                self._progress(f"round {number}: {task}, {name}")
                result = _measured(peer, tool, task, sites[name], topics, self._plan.lines, number)
                if task in self._plan.tasks:
                    yield result


def _measured(peer: Peer, tool: Tool, task: str, site: Site, topics: Topics, lines: int, number: int) -> Result:
    wanted = expected(task, lines)
    count = lines if task == "route" else len(wanted)
    if task in tool.lacks:
        return Result(peer.name, task, number, count, None, None, tool.lacks[task])
    arrivals = Arrivals(task, site, topics, peer.form(task))
    is_counted = task == "index" or peer.form(task).is_line
    try:
        with started(peer.tasks[task](tool, site), site.folder / f"{task}.log") as process:
            samples = watch(process.pid, arrivals.count, len(wanted) if is_counted else None, POLL_SECS[task])
        return Result(peer.name, task, number, count, span(samples), tally(arrivals.lines(), wanted))
    except LogferryError as error:
        said = _last_words(site.folder / f"{task}.log")
        return Result(peer.name, task, number, count, None, None, f"{error.problem}; {said}")


def expected(task: str, lines: int) -> set[Mark]:
    """The lines that must be there after a task."""
    at_warn = Lines(Profile(warn_share=KEPT_SHARE)).is_warn
    every = ((index, each) for index in range(FILES) for each in range(lines // FILES + (index < lines % FILES)))
    return {each for each in every if task == "tail" or at_warn(each[1])}


def _lines_of(corpus: Corpus) -> Iterator[tuple[bytes, bytes]]:
    """Each line with its file as key, for programs that do not read files themselves."""
    for path in corpus.files():
        key = path.parent.parent.name.encode()
        with path.open("rb") as file:
            for line in file:
                yield key, line.rstrip(b"\n")


@contextmanager
def started(command: Command, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own, and is ended with all that it started."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command.argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, **command.environment},
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECS)
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(family, END_SECS)
    process.kill()
    process.wait()


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return f"its last words: {' | '.join(lines[-3:])[-400:]}" if lines else "it said nothing"


def find_all(
    peers: Mapping[str, Peer], given: Mapping[str, Path], progress: Progress
) -> tuple[dict[str, tuple[Peer, Tool]], dict[str, str]]:
    """Those that can be had, and why the others cannot."""
    found: dict[str, tuple[Peer, Tool]] = {}
    left_out: dict[str, str] = {}
    for name, peer in peers.items():
        progress(f"looking for {name}")
        try:
            found[name] = (peer, peer.find(given.get(name)))
        except LeftOutError as reason:
            left_out[name] = str(reason)
    return found, left_out
