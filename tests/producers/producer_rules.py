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
        self.told: list[dict[str, Any]] = []
        """What the ledger has of them."""

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

    @rule(room=st.booleans())
    def tell(self, room: bool) -> None:
        self.run.told.room = room
        self.run.account.tell(self.run.now)

    @precondition(lambda self: self.run.told.waiting)
    @rule(data=st.data())
    def the_ledger_has_it(self, data: st.DataObject) -> None:
        self.run.told.deliver(data.draw(st.integers(0, len(self.run.told.waiting) - 1)))

    @rule()
    def save(self) -> None:
        self.saved = self.run.checkpoint()

    @rule()
    def kill_and_start_again(self) -> None:
        self.kill_and_start_with(self.saved)

    def kill_and_start_with(self, saved: dict[str, str] | None) -> None:
        self.earlier += self.run.sent
        self.losses += self.run.losses
        self.told += self.run.told.there  # what was on its way is gone
        self.run = restarted(self.run, saved)

    def check_what_was_told(self) -> None:
        """Once all is read: the ledger's ranges of a file are what Kafka has of it, and none says more."""
        self.run.account.tell_all()
        self.run.told.deliver_all()
        told = bytes_told(self.told + self.run.told.there)
        sent: dict[str, set[int]] = {}
        for chunk in self.earlier + self.run.sent:
            begin = chunk.offset
            sent.setdefault(chunk.life.incarnation.hex(), set()).update(range(begin, begin + len(chunk.payload)))
        for name, found in told.items():
            assert found <= sent.get(name, set()), "told, and not sent"
        for name, mark in self.run.marks.items():
            assert set(range(mark.begun, mark.offset)) == told.get(name, set()) & set(range(mark.offset))

    @invariant()
    def no_chunk_is_larger_than_allowed(self) -> None:
        sent: list[Any] = self.run.sent if hasattr(self, "run") else []
        assert all(len(chunk.payload) <= LIMITS.line_max_bytes for chunk in sent)


def bytes_told(entries: list[dict[str, Any]]) -> dict[str, set[int]]:
    """Incarnation -> positions that the ledger says Kafka has."""
    told: dict[str, set[int]] = {}
    for entry in entries:
        if "sent" in entry["outcomes"]:
            assert entry["outcomes"] == {"sent": entry["end"] - entry["start"]}
            told.setdefault(entry["incarnation"], set()).update(range(entry["start"], entry["end"]))
    return told
