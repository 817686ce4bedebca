"""One test through the stream stage's own core, as `streams.worker` uses it: no Kafka, no clock.

The time in the partition is that of the lines. Before a chunk that comes later than the one before it, and at the end,
what has waited too long for its rest is given up, as a worker does now and then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.pipeline_tests.load import LoadedTest
from deploy.pipeline_tests.shown import shown_document, shown_letter, shown_record
from deploy.pipeline_tests.values import nanos_of
from deploy.pipeline_tests.written import chunks_of, pods_of
from schemas.codec import Codec
from streams.core.join import SourceState
from streams.core.process import Processor
from streams.core.rules import Rules
from streams.core.treatment import Treatments
from streams.core.work import Document, JoinLimits, Result, Work


@dataclass
class Outcome:
    """What came of the lines of a test."""

    topics: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By topic its records, as `shown` shows them."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Lines by reason, with the id of the live rule that decided: ``severity``, ``severity/quiet``."""
    joined: int = 0
    """Lines that became part of a record which began before."""
    letters: list[dict[str, Any]] = field(default_factory=list)
    lines: int = 0
    unaccounted: int = 0
    """Lines that the ledger does not know the fate of: a defect of logferry, if it is not 0."""


class _Run:
    """A worker for one test."""

    def __init__(self, loaded: LoadedTest) -> None:
        stream = loaded.settings.stream
        start = nanos_of(loaded.source.time)
        self._names = loaded.settings.topics.names
        self._state: SourceState[Work] = SourceState()
        self._works: list[Work] = []
        self._record, self._letter = Codec("log_record"), Codec("dead_letter")
        self.outcome = Outcome()
        self._processor = Processor(
            Treatments(Rules.of(loaded.settings, loaded.live), loaded.tools.at(start)),
            JoinLimits(stream.record_max_bytes, stream.join_timeout_secs),
            pods_of(loaded.source),
            lambda: start,
            self._names,
        )

    def take(self, value: dict[str, Any], seconds: float) -> None:
        self._give_up(seconds)
        work = self._processor.work(value, 0, len(self._works), lambda _: None)
        self._works.append(work)
        self._keep(self._processor.process(self._state, value, work, seconds))

    def end(self) -> Outcome:
        self._give_up(float("inf"))
        account: Counter[str] = Counter()
        for work in self._works:
            account.update(work.account())
        outcome = self.outcome
        outcome.lines = sum(work.lines for work in self._works)
        outcome.joined = account["joined"]
        outcome.dropped = _behind("dropped/", account)
        told = account["routed"] + account["joined"]
        told += sum(outcome.dropped.values()) + sum(_behind("dead_letter/", account).values())
        outcome.unaccounted = outcome.lines - told
        return outcome

    def _give_up(self, seconds: float) -> None:
        self._keep(self._processor.expire(self._state, seconds))

    def _keep(self, result: Result) -> None:
        for topic, batch in result.batches.items():
            for value in batch.values:
                if topic == self._names.dead_letter:
                    self.outcome.letters.append(shown_letter(_decoded(self._letter, value)))
                else:
                    self.outcome.topics.setdefault(topic, []).append(self._shown(value))

    def _shown(self, value: bytes | Document) -> dict[str, Any]:
        return (
            shown_document(value.value) if isinstance(value, Document) else shown_record(_decoded(self._record, value))
        )


def run_test(loaded: LoadedTest, most_lines: int = 0) -> Outcome:
    """What comes of a test's lines. ``most_lines`` in each chunk; 0: as few chunks as can be.

    Raises SettingsError for settings that a worker would not start with.
    """
    run = _Run(loaded)
    for chunk in chunks_of(loaded.source, loaded.test, most_lines):
        run.take(chunk.value, chunk.seconds)
    return run.end()


def _behind(prefix: str, account: Mapping[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): amount for name, amount in sorted(account.items()) if name.startswith(prefix)}


def _decoded(codec: Codec, value: Any) -> dict[str, Any]:
    decoded = codec.decode(value)
    assert isinstance(decoded, dict), decoded
    return decoded
