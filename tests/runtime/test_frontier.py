"""A position is free when everything before it is finished."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runtime.frontier import Frontier


class FrontierModel(RuleBasedStateMachine):
    """A frontier beside the plain list of what was begun and the set of what was finished."""

    def __init__(self) -> None:
        super().__init__()
        self.frontier: Frontier[str] = Frontier()
        self.begun: list[int] = []
        self.finished: set[int] = set()
        self.freed: list[str] = []

    @initialize(start=st.integers(0, 2**40))
    def start(self, start: int) -> None:
        self.next = start

    @rule(gap=st.integers(0, 5))
    def begin(self, gap: int) -> None:
        self.next += gap
        self.frontier.begin(self.next, f"token {self.next}")
        self.begun.append(self.next)
        self.next += 1

    @precondition(lambda self: set(self.begun) - self.finished)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        position = data.draw(st.sampled_from([each for each in self.begun if each not in self.finished]))
        self.finished.add(position)
        self.freed += self.frontier.finish(position)

    @invariant()
    def tokens_come_back_in_order_once_and_only_when_all_before_them_are_finished(self) -> None:
        held = next((number for number, each in enumerate(self.begun) if each not in self.finished), len(self.begun))
        assert self.freed == [f"token {each}" for each in self.begun[:held]]

    @invariant()
    def its_length_is_what_is_not_free_yet(self) -> None:
        assert len(self.frontier) == len(self.begun) - len(self.freed)


TestFrontierModel = FrontierModel.TestCase


@given(st.lists(st.integers(0, 1000), min_size=2))
def test_positions_must_rise(positions: list[int]) -> None:
    frontier: Frontier[None] = Frontier()

    def begin_all() -> None:
        for position in positions:
            frontier.begin(position, None)

    if all(later > earlier for earlier, later in pairwise(positions)):
        begin_all()
        assert len(frontier) == len(positions)
    else:
        with pytest.raises(ValueError, match="begun after"):
            begin_all()


def test_nothing_is_kept_of_what_is_free() -> None:
    frontier: Frontier[object] = Frontier()
    for position in range(1000):
        frontier.begin(position, object())
    for position in reversed(range(1000)):
        frontier.finish(position)
    assert (len(frontier), len(frontier._begun), len(frontier._finished)) == (0, 0, 0)
