"""What may happen to a producer at any moment, whatever it reads: shared by the model tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from producers.chunk import Loss
from producers.ending import note_sizes
from tests.producers.node import LIMITS, Run, Sent, restarted


class ProducerRules(RuleBasedStateMachine):
    """A producer that is slow, is paused, hears late from Kafka, and is killed."""

    run: Run

    def __init__(self) -> None:
        super().__init__()
        self.saved: dict[str, str] | None = None
        """The checkpoint on disk."""
        self.earlier: list[Sent] = []
        """What runs before this one sent."""
        self.losses: list[Loss] = []
        """What they reported as lost."""

    @rule()
    def scan(self) -> None:
        self.run.scan()

    @rule(secs=st.sampled_from([0.1, 0.6, 11.0, 40_000.0]))
    def wait(self, secs: float) -> None:
        self.run.now += secs

    @rule()
    def read(self) -> None:
        self._save_where_it_must_be(self.run.read())

    @rule()
    def read_all(self) -> None:
        while self._save_where_it_must_be(self.run.read()):
            pass

    def _save_where_it_must_be(self, sent: Sent | None) -> bool:
        """As the producer does before it sends; whether anything was read."""
        if sent is not None and sent.dated:
            self.save()
        return sent is not None

    @rule()
    def note_sizes(self) -> None:
        note_sizes([self.run.tail], self.run.marks)

    @precondition(lambda self: self.run.flying)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        self.run.acknowledge(data.draw(st.integers(0, len(self.run.flying) - 1)))

    @rule()
    def save(self) -> None:
        self.saved = self.run.checkpoint()

    @rule()
    def kill_and_start_again(self) -> None:
        self.kill_and_start_with(self.saved)

    def kill_and_start_with(self, saved: dict[str, str] | None) -> None:
        self.earlier += self.run.sent
        self.losses += self.run.losses
        self.run = restarted(self.run, saved)

    @invariant()
    def no_chunk_is_larger_than_allowed(self) -> None:
        sent: list[Any] = self.run.sent if hasattr(self, "run") else []
        assert all(len(chunk.payload) <= LIMITS.line_max_bytes for chunk in sent)
