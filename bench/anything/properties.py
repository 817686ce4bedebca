"""What must be true of the stream stage whatever stands in logs.raw. Each property says what is wrong, if anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

from bench.anything.chunks import Drawn, Taste, Value, mixed, sources, straight
from bench.anything.lines import rarely
from bench.anything.offline import Offline
from bench.anything.settings import settings
from bench.anything.standins import Clock, running
from schemas.settings import Settings


class Amounts(NamedTuple):
    """How much was looked at."""

    chunks: int
    lines: int
    records: int


Property: TypeAlias = Callable[[Random, Taste], tuple[list[str], Amounts]]


def anything(random: Random, taste: Taste) -> tuple[list[str], Amounts]:
    """Any chunks, any order, any settings: everything is acknowledged and accounted for, and can be read."""
    with running(Clock()) as clock:
        worker = Offline(settings(random), clock)
        values = mixed(random, sources(random, taste), taste)
        worker.drive(random, values)
        return worker.problems(), _amounts(worker, values)


def repeated(random: Random, taste: Taste) -> tuple[list[str], Amounts]:
    """Producers that start again: besides, no line counts twice, and one id has one content."""
    taste = replace(taste, is_legal=True)
    drawn = sources(random, taste)
    values = mixed(random, drawn, taste)
    with running(Clock()) as clock:
        worker = Offline(settings(random, repeatable=True), clock)
        worker.drive(random, values, passes_time=False)
        wrong = [*worker.problems(), *worker.contents()[1], *_ranges(drawn, worker)]
        return [*wrong, *(worker.together() if _is_told_once(drawn) else ())], _amounts(worker, values)


def interrupted(random: Random, taste: Taste) -> tuple[list[str], Amounts]:
    """Workers that lose everything at any moment: the same entries in the ledger, and the same records."""
    taste = replace(taste, is_legal=True, partitions=1, restarts=0)
    drawn, rules = sources(random, taste), settings(random, repeatable=True)
    values = mixed(random, drawn, taste)
    with running(Clock()) as clock:
        whole = Offline(rules, clock)
        whole.drive(random, values, passes_time=False)
    workers = _crashing(random, rules, values)
    wrong = [problem for worker in (whole, workers[-1]) for problem in worker.problems()]
    entries, (records, twice) = whole.entries_by_offset(), whole.contents()
    for worker in workers:
        found, more = worker.contents()
        wrong += [*twice, *more, *_differences(entries, worker.entries_by_offset(), "entry")]
        wrong += _differences(records, found, "record")
    return wrong, _amounts(whole, values)


def cut(random: Random, taste: Taste) -> tuple[list[str], Amounts]:
    """Where chunks end does not matter: the same records come out of whole files."""
    taste = replace(taste, is_legal=True)
    drawn, rules = sources(random, taste), settings(random, repeatable=True)
    values, files = mixed(random, drawn, taste), straight(drawn)
    found = []
    for each in (values, files):
        with running(Clock()) as clock:
            worker = Offline(rules, clock)
            worker.drive(random, each, passes_time=False)
        found.append(worker)
    pieces, whole = found[0].contents()[0], found[1].contents()[0]
    wrong = [*_differences(whole, pieces, "record"), *(f"{key} is missing" for key in whole.keys() - pieces.keys())]
    return wrong, _amounts(found[0], values)


PROPERTIES: Final[dict[str, Property]] = {
    "anything": anything,
    "repeated": repeated,
    "interrupted": interrupted,
    "cut": cut,
}


def _amounts(worker: Offline, values: Sequence[Value]) -> Amounts:
    entries = worker.entries()
    return Amounts(len(values), sum(each["lines"] for each in entries), len(worker.client.kept) - len(entries))


def _ranges(drawn: Sequence[Drawn], worker: Offline) -> list[str]:
    """The entries of a file are its bytes, each once."""
    entries = worker.entries()
    wrong = []
    for source in drawn:
        if not source.has_lines:
            continue
        for life in source.lives:
            found = [(e["start"], e["end"]) for e in entries if e["incarnation"] == life.incarnation.hex()]
            found = sorted(each for each in found if each[0] < each[1])
            ends = [life.begin, *(end for _, end in found)]
            if [start for start, _ in found] != ends[:-1] or ends[-1] != len(life.content):
                wrong.append(f"entries of {life.incarnation.hex()}: {found} of {life.begin} to {len(life.content)}")
    return wrong


def _is_told_once(drawn: Sequence[Drawn]) -> bool:
    """Entries are taken as often as they come; bytes of lines that come again are not."""
    return all(source.has_lines for source in drawn)


def _differences(expected: dict[Any, Any], found: dict[Any, Any], what: str) -> list[str]:
    return [
        f"{what} {key}: {each} instead of {expected.get(key)}"
        for key, each in found.items()
        if expected.get(key) != each
    ]


def _crashing(random: Random, rules: Settings, values: Sequence[Value]) -> list[Offline]:
    """Workers one after the other; each begins where the one before committed, and the last one finishes."""
    begin, metadata, crashes, workers = 0, "", 3, []
    while True:
        with running(Clock()) as clock:
            worker = Offline(rules, clock, begin=begin, metadata=metadata)
            workers.append(worker)
            for value in values[begin:]:
                worker.take(value)
                for _ in range(random.randrange(len(worker.client.waiting) + 1)):
                    worker.client.deliver(random.randrange(len(worker.client.waiting)))
                if rarely(random, 2):
                    begin, metadata = worker.commit(begin, metadata)
                if crashes and rarely(random, 6):
                    crashes -= 1
                    break
            else:
                worker.rest()
                return workers
