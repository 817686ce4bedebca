"""A stream worker without Kafka, and what must be true of it whatever comes.

The worker is the real one. What its producer's client is given counts as kept in Kafka, and is reported as delivered
when the driver says so; time passes when the driver says so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final, TypeAlias

from bench.anything.accounts import IN_LEDGER, balance, may_be_together, metric_of
from bench.anything.chunks import Value
from bench.anything.lines import rarely
from bench.anything.settings import live_rules, pod
from bench.anything.standins import Clock, Connections
from runtime.producer import Value as Sent
from schemas.codec import Codec
from schemas.identity import INCOMPLETE, record_id
from schemas.settings import Settings
from streams.core.work import Work
from streams.worker import StreamWorker

Token: TypeAlias = tuple[int, int]
"""Partition and offset."""

LEDGER: Final = Codec("ledger_entry")
LETTER: Final = Codec("dead_letter")
RECORD: Final = Codec("log_record")

_LONGEST_WAIT_SECS: Final = 60.0
_PASSES: Final = 200
"""Of giving up: what one pass gives back may begin to wait anew."""


class _Accounting(StreamWorker[Token]):
    """Remembers of each chunk when it was accounted for."""

    works: list[Work]

    def _account(self, done: Callable[[], None], work: Work) -> None:
        self.works.append(work)
        super()._account(done, work)


class Offline:
    """One life of a stream worker."""

    def __init__(self, settings: Settings, clock: Clock, *, begin: int = 0, metadata: str = "") -> None:
        """``begin``: offset at which it reads on, with what stands beside the commit."""
        connections = Connections(metadata)
        self.client, self.pods, self.clock = connections.producer, connections.pods.pods, clock
        self._control = connections.control
        self.taken: dict[int, int] = {}
        """Partition -> offset of its next chunk."""
        self.acknowledged: dict[int, int] = {}
        """Partition -> offset behind the last one acknowledged."""
        self.begin = begin
        self.wrong: list[str] = []
        self.stage = _Accounting(settings, self._acknowledge, connections)  # type: ignore[arg-type]
        self.stage.works = []

    def _acknowledge(self, token: Token) -> None:
        partition, offset = token
        if offset != self.acknowledged.get(partition, self.begin):
            self.wrong.append(f"{token} acknowledged behind {self.acknowledged.get(partition)}")
        self.acknowledged[partition] = offset + 1

    def take(self, value: Value) -> None:
        """The next chunk of its partition."""
        offset = self.taken.get(value.partition, self.begin)
        self.taken[value.partition] = offset + 1
        self.stage.take(value.partition, 1, offset, value.value, (value.partition, offset), value.timestamp)

    def commit(self, position: int, metadata: str) -> tuple[int, str]:
        """As Faust does now and then: where the next worker of partition 0 begins. ``position``: what stands there."""
        at = self.acknowledged.get(0, self.begin)
        told = self.stage.metadata(0, at) if at != position else None
        return (position, metadata) if told is None else (at, told)

    def drive(self, random: Random, values: Sequence[Value], *, passes_time: bool = True) -> None:
        """Chunk after chunk, with deliveries, time and pods in between, or only deliveries."""
        for value in values:
            self.take(value)
            for _ in range(random.randrange(len(self.client.waiting) + 1)):
                self.client.deliver(random.randrange(len(self.client.waiting)))
            if passes_time:
                self._pass_time(random)
        self.rest()

    def _pass_time(self, random: Random) -> None:
        self.clock.now += random.choice((0.0, 0.0, 0.01, 1.5))
        if rarely(random, 4):
            self.stage.attend()
        if rarely(random, 12):
            self.clock.now += random.choice((1.0, 40.0))
            self.stage.tend()
        if rarely(random, 12):
            self.pods.setdefault("late-1", pod("late-1"))
        if rarely(random, 12):
            self._control.rules, self._control.has_changed = live_rules(random), True

    def rest(self) -> None:
        """Nothing more comes, all is delivered, and time passes."""
        for _ in range(_PASSES):
            while self.client.waiting:
                self.client.deliver(0)
            if not self.stage.is_waiting and self.acknowledged == self.taken:
                return
            self.clock.now += _LONGEST_WAIT_SECS
            self.stage.attend()
            self.stage.tend()

    # -- what must be true ---------------------------------------------------------------------------------------------

    def problems(self) -> list[str]:
        """Everything that is not as it must be, once the worker rests."""
        return [*self.wrong, *self._unfinished(), *self._accounts(), *self._measured(), *self._unreadable()]

    def _unfinished(self) -> Iterator[str]:
        for partition, offset in self.taken.items():
            if self.acknowledged.get(partition, self.begin) != offset:
                yield f"partition {partition} is acknowledged up to {self.acknowledged.get(partition)} of {offset}"
        for _, assignment in self.stage.assignments:
            yield from (f"{key} holds {list(state.held())}" for key, state in assignment.live.busy() if [*state.held()])
        if self.stage.is_waiting:
            yield "chunks wait for pods"

    def entries(self) -> list[dict[str, Any]]:
        """What stands in the ledger."""
        return [_read(LEDGER, each.value) for each in self.client.kept if each.topic == "logs.ledger"]

    def entries_by_offset(self) -> dict[Token, dict[str, Any]]:
        """The same by chunk, without the time of writing."""
        return {_token(entry): {**entry, "written_at": 0} for entry in self.entries()}

    def _accounts(self) -> Iterator[str]:
        """Each value that was read has one entry, which balances and stays true."""
        times = Counter((work.partition, work.offset) for work in self.stage.works)
        yield from (f"chunk {token} is accounted for {n} times" for token, n in times.items() if n > 1)
        told = Counter(map(_token, self.entries()))
        read = Counter((partition, at) for partition, end in self.taken.items() for at in range(self.begin, end))
        if told != read:
            yield f"entries of {told - read} too many, of {read - told} missing"
        entries = self.entries_by_offset()
        for work in self.stage.works:
            entry = entries.get((work.partition, work.offset))
            if entry is not None and (work.lines, work.account()) != (entry["lines"], entry["outcomes"]):
                yield f"chunk {work.offset}: {work.lines} {work.account()} behind its entry {_short(entry)}"
        for token, entry in entries.items():
            if entry["lines"] != balance(entry["outcomes"]) or not may_be_together(entry["outcomes"]):
                yield f"chunk {token} is out of balance: {_short(entry)}"

    def together(self) -> Iterator[str]:
        """What is wrong with what entries say of records that several topics got, where each was made once."""
        topics: dict[str, set[str]] = {}
        for topic, _, value in self.client.kept:
            if topic not in ("logs.ledger", "logs.dead-letter"):
                topics.setdefault(_content(value)[0], set()).add(topic)
        expected = Counter(f"together/{'+'.join(sorted(each))}" for each in topics.values() if len(each) > 1)
        found: Counter[str] = Counter()
        for entry in self.entries():
            found.update({name: n for name, n in entry["outcomes"].items() if name.startswith("together/")})
        if found != expected:
            yield f"records of several topics: {dict(found)} instead of {dict(expected)}"

    def _measured(self) -> Iterator[str]:
        """The metrics are the sums of the entries."""
        told: Counter[tuple[str, ...]] = Counter()
        for entry in self.entries():
            told["lines", ""] += entry["lines"] - entry["outcomes"].get("dead_letter/unreadable_chunk", 0)
            for outcome, amount in entry["outcomes"].items():
                told[metric_of(outcome)] += amount
        found = {key: amount for key, amount in self.measured().items() if amount and key[0] in IN_LEDGER}
        for key in [key for key in told if key[0] in ("routed", "together")]:
            del told[key]
        if found != {key: amount for key, amount in told.items() if amount}:
            yield f"metrics {found} and entries {dict(told)}"

    def measured(self) -> dict[tuple[str, str], float]:
        """The worker's counters, by name and label."""
        found: dict[tuple[str, str], float] = {}
        for metric in self.stage.metrics.registry.collect():
            for sample in metric.samples:
                if sample.name.endswith("_total"):
                    name = sample.name.removeprefix("logferry_stream_").removesuffix("_total")
                    found[name, "".join(sample.labels.values())] = sample.value
        return found

    def _unreadable(self) -> Iterator[str]:
        for topic, _, value in self.client.kept:
            if topic in ("logs.ledger", "logs.dead-letter"):
                _read(LEDGER if topic == "logs.ledger" else LETTER, value)
            elif problem := _problem(value):
                yield f"{topic}: {problem}: {value!r}"

    def contents(self) -> tuple[dict[tuple[str, str], Any], list[str]]:
        """Records by topic and id, whatever the file was called; and what stands there twice, differently."""
        found: dict[tuple[str, str], Any] = {}
        wrong = []
        for topic, _, value in self.client.kept:
            if topic not in ("logs.ledger", "logs.dead-letter"):
                name, content = _content(value)
                if found.setdefault((topic, name), content) != content:
                    wrong.append(f"{topic} has {name} twice: {content} and {found[topic, name]}")
        return found, wrong


def _token(entry: dict[str, Any]) -> Token:
    return entry["partition"], entry["topic_offset"]


def _read(codec: Codec, value: Sent) -> dict[str, Any]:
    assert isinstance(value, bytes)
    found = codec.decode(value)
    assert isinstance(found, dict), found
    return found


def _short(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("start", "end", "lines", "outcomes")}


def _problem(value: Sent) -> str | None:
    """What is wrong with a record or document."""
    if isinstance(value, bytes):
        record = _read(RECORD, value)
        life, offset = bytes.fromhex(record["resource"]["incarnation"]), record["offset"]
        names = {record_id(life, offset), record_id(life, offset | INCOMPLETE)}
        if record["id"] not in names or not 0 <= record["severity_number"] <= 24:
            return "its id or severity is wrong"
        return None if isinstance(_loads(record["attributes"]), dict) else "its attributes are no object"
    document, headers = value[0], dict(value[1])
    if b"\n" in document or not isinstance(_loads(document.decode()), dict):
        return "no object in one line"
    return None if set(headers) == {"id", "day"} and len(headers["id"]) == 19 else "its headers are wrong"


def _loads(text: str) -> Any:
    return json.loads(text, parse_constant=_no_number)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _content(value: Sent) -> tuple[str, Any]:
    if isinstance(value, bytes):
        record = _read(RECORD, value)
        record["resource"].pop("path")
        return record["id"], record
    document = _loads(value[0].decode())
    document["logferry"].pop("path")
    return dict(value[1])["id"].decode(), document
