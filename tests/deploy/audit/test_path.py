"""Whatever is killed and read again: what the ledger says adds up to what was true."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import given

from deploy.audit.core.account import Account
from deploy.audit.core.path import Segment, best_path

KINDS = ("routed", "joined", "dropped/severity", "dead_letter/unreadable_framing")


def segment(start: int, end: int, at: int = 0, run: str = "", **outcomes: int) -> Segment:
    told = {name.replace("__", "/"): amount for name, amount in outcomes.items()}
    return Segment(start, end, at, run, ((0, tuple(sorted(told.items()))),))


@dataclass
class History:
    """A file whose lines have one byte each, and what truly became of each."""

    lines: Sequence[int]
    chunks: list[tuple[int, int]] = field(default_factory=list)
    """As they came into logs.raw."""
    told: list[Segment] = field(default_factory=list)

    def outcomes(self, start: int, end: int) -> Counter[str]:
        return Counter(KINDS[each] for each in self.lines[start:end]) + Counter(lines=end - start)

    def produce(self, steps: Sequence[tuple[int, int]]) -> None:
        """Chunks of so many lines, each followed by a kill which goes back so many chunks; then the rest."""
        at, ends = 0, [0]
        for size, back in steps:
            end = min(len(self.lines), at + size)
            self._send(at, end)
            ends.append(end)
            ends = ends[: max(1, len(ends) - back)]
            at = ends[-1]
        self._send(at, len(self.lines))

    def _send(self, start: int, end: int) -> None:
        if start < end:
            self.chunks.append((start, end))

    def work(self, steps: Sequence[tuple[int, int]]) -> None:
        """Workers take so many chunks, each killed and followed by one that begins so many chunks before."""
        at, time = 0, 0
        for count, back in [*steps, (len(self.chunks) + 1, 0)]:
            seen: int | None = None
            for start, end in self.chunks[at : at + count]:
                begin = start if seen is None else min(max(start, seen), end)
                seen = end if seen is None else max(seen, end)
                time += 1
                if begin < end:
                    self.told.append(Segment(begin, end, time, "", ((0, tuple(self.outcomes(begin, end).items())),)))
            at = max(0, min(len(self.chunks), at + count) - back)


steps = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), max_size=12)


@st.composite
def histories(draw: st.DrawFn) -> History:
    history = History(draw(st.lists(st.integers(0, len(KINDS) - 1), min_size=1, max_size=40)))
    history.produce(draw(steps))
    history.work(draw(steps))
    return history


def account_of(told: Sequence[Segment]) -> Account:
    """By two readings, as the audit does it."""
    account = Account()
    for each in told:
        account.take(each)
    if account.zones is not None:
        account.begin_again()
        account.settle([each for each in told if account.is_in_zone(each)])
    return account


def doubled_of(history: History, account: Account) -> Counter[str]:
    """What is true of the bytes that are told twice."""
    found: Counter[str] = Counter()
    for step in account.uncertain:
        found += history.outcomes(step.segment.start, step.segment.start + step.doubled)
    return found


@given(histories())
def test_sums_are_true_but_for_what_is_said_to_be_told_twice(history: History) -> None:
    account = account_of(history.told)
    truth = history.outcomes(0, len(history.lines))
    assert list(account.ranges) == [(0, len(history.lines))]
    assert account.total() == truth + doubled_of(history, account)
    assert (account.doubled == 0) == (account.total() == truth)


@given(histories(), st.randoms(use_true_random=False), st.integers(0, 5))
def test_order_and_repetition_change_nothing(history: History, chance: object, again: int) -> None:
    expected = account_of(history.told)
    shuffled = [*history.told, *history.told[:again]]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    account = account_of(shuffled)
    assert (account.total(), account.doubled) == (expected.total(), expected.doubled)


@given(histories())
def test_a_worker_killed_at_any_moment_tells_nothing_twice_where_chunks_are_the_same(history: History) -> None:
    once = History(history.lines)
    once._send(0, 0)
    for start, end in sorted(set(best_chunks(history))):
        once._send(start, end)
    once.work([(2, 1), (3, 2), (1, 1)])
    account = account_of(once.told)
    assert account.doubled == 0
    assert account.total() == once.outcomes(0, len(once.lines))


def best_chunks(history: History) -> list[tuple[int, int]]:
    """Chunks as a producer that was never killed would have sent them."""
    ends = sorted({end for _, end in history.chunks})
    return list(zip([0, *ends], ends, strict=False))


def test_of_two_that_begin_at_one_place_the_later_one_counts() -> None:
    first, second, third = segment(0, 100, 1), segment(100, 200, 2), segment(100, 180, 3)
    rest = segment(180, 300, 4)
    assert [each.segment for each in best_path([first, second, third, rest])] == [first, third, rest]


def test_what_leads_nowhere_does_not_count_though_it_came_later() -> None:
    first, second, dead_end = segment(0, 200, 1), segment(200, 300, 2), segment(0, 180, 3)
    assert [each.segment for each in best_path([first, second, dead_end])] == [first, second]


def test_where_no_path_leads_on_as_little_as_possible_is_told_twice() -> None:
    told = [segment(0, 100, 1), segment(100, 200, 2), segment(180, 300, 3), segment(150, 300, 4)]
    assert [(each.segment.start, each.segment.end, each.doubled) for each in best_path(told)] == [
        (0, 100, 0), (100, 200, 0), (180, 300, 20),
    ]  # fmt: skip


def test_a_redriven_line_is_what_its_redrive_says() -> None:
    base = segment(0, 100, 1, lines=10, routed=8, dead_letter__unreadable_framing=2)
    again = segment(20, 30, 2, "redrive-1", lines=1, routed=1)
    assert account_of([base, again]).total() == {"lines": 10, "routed": 9, "dead_letter/unreadable_framing": 1}


def test_a_redriven_line_stands_though_its_chunk_was_told_again_behind_it() -> None:
    base = segment(0, 100, 3, lines=10, routed=8, dead_letter__unreadable_framing=2)
    again = segment(20, 30, 2, "redrive-1", lines=1, routed=1)
    assert account_of([base, again]).total() == {"lines": 10, "routed": 9, "dead_letter/unreadable_framing": 1}


def test_a_line_that_is_redriven_twice_is_taken_once() -> None:
    base = segment(0, 100, 1, lines=10, routed=8, dead_letter__unreadable_framing=2)
    failed = segment(20, 30, 2, "redrive-1", lines=1, dead_letter__unreadable_framing=1)
    again = segment(20, 30, 3, "redrive-2", lines=1, routed=1)
    found = account_of([again, base, failed]).total()
    assert found == {"lines": 10, "routed": 9, "dead_letter/unreadable_framing": 1}


def test_a_replay_of_whole_chunks_replaces_what_became_of_them() -> None:
    base = [segment(0, 100, 1, lines=10, dropped__severity=10), segment(100, 200, 2, lines=10, routed=10)]
    again = segment(0, 100, 3, "r1", lines=10, routed=10)
    assert account_of([*base, again]).total() == {"lines": 20, "routed": 20}


def test_a_replay_of_a_part_changes_nothing_but_dead_letters() -> None:
    base = segment(0, 100, 1, lines=10, routed=10)
    assert account_of([base, segment(20, 60, 2, "r1", lines=4, dropped__severity=4)]).total() == {
        "lines": 10,
        "routed": 10,
    }
