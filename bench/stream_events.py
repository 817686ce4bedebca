"""Events of several lines that can be told from each other, and the judgement of the records made of them.

An event is a function of its source, its stream and its number, so what was written need not be kept: a record is
right when its text is that of the event it names. Every line names its event: ``c07-stderr-000123z``.
"""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from zlib import crc32

from confluent_kafka import Consumer, TopicPartition

from bench.anything.accounts import balance
from bench.pipeline import Pipeline
from deploy.demo.cri import Piece, label
from runtime.kafka import client_config
from schemas.codec import Codec

STREAMS: Final = ("stdout", "stderr")
_NAME: Final = re.compile(r"c(\d\d)-(stdout|stderr)-(\d{6})z")
EXAMPLES_MAX: Final = 12


class Source(NamedTuple):
    """One stream of one container."""

    container: int
    stream: str


def event(source: Source, number: int) -> list[str]:
    """The lines of an event."""
    name = f"c{source.container:02d}-{source.stream}-{number:06d}z"
    chance = crc32(name.encode())
    kind, size, more = chance % 20, chance // 20 % 200, chance // 4000 % 6
    words = f"{name} " + "grüßt " * (size // 8) + f"sum={chance:08x}"
    time_ = f"2026-11-21 01:{number // 60 % 60:02d}:{number % 60:02d},123"
    match kind:
        case 16 | 17:
            frames = [f"\tat shop.Cart.step{at}({name}.java:{at + 1})" for at in range(more + 1)]
            cause = [f"Caused by: java.lang.IllegalStateException: {words}", *frames, f"\t... {more + 2} more"]
            return [f"{time_} ERROR [main] shop.Cart - {words}", f"shop.FullException: {name}", *frames, *cause]
        case 18 | 19:
            frames = [
                text
                for at in range(more + 1)
                for text in (f'  File "/app/{name}.py", line {at + 1}, in add', "    x()")
            ]
            return [
                f"{time_} ERROR shop {words}",
                "Traceback (most recent call last):",
                *frames,
                f"ValueError: {words}",
            ]
        case 12 | 13 | 14:
            return [f"{time_} INFO shop {words}"]
        case 15:
            return [f'{{"level":"warn","msg":"{words}{"x" * (size * 10)}"}}']
        case _:
            return [f'{{"level":"{("info", "debug", "error")[kind % 3]}","msg":"{words}"}}']


def pieces_of(source: Source, number: int) -> list[Piece]:
    """An event as a runtime writes it; every ninth line, and every long one, is cut into partial ones."""
    found: list[Piece] = []
    for at, text in enumerate(event(source, number)):
        content = text.encode()
        limit = 400 if len(content) > 400 else 60 if (number + at) % 9 == 0 else len(content)
        cuts = [content[begin : begin + limit] for begin in range(0, len(content), limit)]
        stream: Any = source.stream
        found += [(label(stream, partial=True), piece) for piece in cuts[:-1]]
        found.append((label(stream), cuts[-1]))
    return found


@dataclass
class Verdict:
    """What is wrong, and what is counted."""

    events: int = 0
    missing: int = 0
    altered: int = 0
    """Records of an event that say something else than it."""
    extra: int = 0
    """Records that are no whole event, or an event again under another id."""
    out_of_order: int = 0
    """First arrivals behind one of a later event of the same stream."""
    doubles: int = 0
    """Records that came again under the same id."""
    dead_letters: int = 0
    unbalanced: int = 0
    """Entries of the ledger whose lines are not the sum of their outcomes."""
    gaps: int = 0
    """Files of which the ledger does not account for every byte and every line."""
    documents: int = 0
    wrong_documents: int = 0
    missing_documents: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keep an example of what is wrong."""
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(text)


class Judge:
    """Reads the routed topic as it grows."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._codec = Codec("log_record")
        self._ids: dict[Source, dict[int, str]] = defaultdict(dict)
        self._latest: dict[Source, int] = defaultdict(lambda: -1)
        self._verdict = Verdict()
        self.arrived = 0
        self._consumer = Consumer(client_config(pipeline.settings.kafka, "reader") | {"group.id": "unused"})
        topic = f"{pipeline.index}.app"
        partitions = range(pipeline.settings.topics.partitions)
        self._consumer.assign([TopicPartition(topic, each, 0) for each in partitions])

    def read(self, secs: float) -> int:
        """Take what has come, for so long; returns how many different events have."""
        until = time.monotonic() + secs
        while (left := until - time.monotonic()) > 0:
            for each in self._consumer.consume(1000, min(left, 0.2)):
                value = each.value()
                if each.error() is None and value is not None:
                    record = self._codec.decode(value)
                    assert isinstance(record, dict), record
                    self._take(record)
        return self.arrived

    def _take(self, record: dict[str, Any]) -> None:
        text = record["body"] if record["original"] is None else record["original"]
        named = _named(text)
        verdict = self._verdict
        if named is None or (whole := "\n".join(event(*named))) != text:
            kind = "extra" if named is None or text in whole else "altered"
            setattr(verdict, kind, getattr(verdict, kind) + 1)
            verdict.note(f"{kind}: {record['id']} {record['flags']} {record['resource']['source_id']}: {text[:300]!r}")
            return
        source, number = named
        id_ = self._ids[source].get(number)
        if id_ is None:
            self._ids[source][number] = record["id"]
            self.arrived += 1
            if number < self._latest[source]:
                verdict.out_of_order += 1
                verdict.note(f"out of order: {source} {number} behind {self._latest[source]}")
            self._latest[source] = max(number, self._latest[source])
        elif id_ == record["id"]:
            verdict.doubles += 1
        else:
            verdict.extra += 1
            verdict.note(f"extra: {source} {number} as {id_} and as {record['id']}")

    def verdict(self, written: Mapping[Source, int]) -> Verdict:
        """What is known by now, with what is missing."""
        verdict = self._verdict
        verdict.events = sum(written.values())
        verdict.dead_letters = self._pipeline.topic_size("dead-letter")
        for source, count in written.items():
            absent = [number for number in range(count) if number not in self._ids[source]]
            verdict.missing += len(absent)
            if absent:
                verdict.note(
                    f"missing: {source}: {len(absent)}, the first {absent[0]}, the last {absent[-1]} of {count}"
                )
        return verdict

    def close(self) -> None:
        """Read no more."""
        self._consumer.close()

    def judge_ledger(self, verdict: Verdict, lives: Mapping[str, tuple[int, int]]) -> None:
        """``lives``: bytes and lines of each incarnation."""
        ranges: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
        for entry in self._pipeline.values("ledger", "ledger_entry"):
            if entry["stage"] != "stream":
                continue
            if entry["lines"] != balance(entry["outcomes"]):
                verdict.unbalanced += 1
                verdict.note(f"unbalanced: {entry}")
            ranges[entry["incarnation"]][entry["start"], entry["end"]] = entry["lines"]
        for life, (size, lines) in lives.items():
            if (fault := _fault(ranges.get(life, {}), size, lines)) is not None:
                verdict.gaps += 1
                verdict.note(f"ledger of {life}: {fault}")

    def judge_documents(self, verdict: Verdict, written: Mapping[Source, int]) -> None:
        """One document for each event, and no other."""
        seen: Counter[tuple[Source, int]] = Counter()
        for id_, document in self._pipeline.documents():
            verdict.documents += 1
            named = _named(document["log"])
            if named is None or document["log"] != "\n".join(event(*named)) or self._ids[named[0]].get(named[1]) != id_:
                verdict.wrong_documents += 1
                verdict.note(f"document {id_}: {document['log'][:200]!r}")
            elif named is not None:
                seen[named] += 1
        verdict.missing_documents = sum(written.values()) - len(seen)


def _named(text: str) -> tuple[Source, int] | None:
    found = _NAME.search(text)
    return found and (Source(int(found[1]), found[2]), int(found[3]))


def _fault(ranges: Mapping[tuple[int, int], int], size: int, lines: int) -> str | None:
    """What is wrong with what the ledger has of a file."""
    position = 0
    for begin, end in sorted(ranges):
        if begin > position:
            return f"nothing of bytes {position} to {begin} of {size}"
        position = max(position, end)
    if position != size:
        return f"nothing of bytes {position} to {size}"
    counted = sum(ranges.values())
    return None if counted == lines else f"{counted} lines instead of {lines}: {sorted(ranges.items())}"
