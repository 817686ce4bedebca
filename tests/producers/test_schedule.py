"""Everyone has a turn in each round, waits as long as was said, and is woken once."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from producers.polling import FRESH_SECS, MOST_SECS, Polling, Round, next_round
from producers.schedule import PAUSE_SECS, Schedule


class Log:
    """What a schedule knows of a log: nothing but which it is. Polling asks it whether it has changed."""

    def __init__(self, name: str, read_at: float = float("-inf")) -> None:
        self.name = name
        self.read_at = read_at
        self.changed = False
        self.asked = 0

    def has_changed(self) -> bool:
        self.asked += 1
        return self.changed

    def __repr__(self) -> str:
        return self.name


def turns(schedule: Schedule) -> list[Any]:
    return [schedule.next() for _ in range(schedule.ready())]


def test_logs_have_their_turns_in_the_order_in_which_they_were_woken() -> None:
    schedule, one, other = Schedule(), Log("one"), Log("other")
    for tail in (one, other, one):
        schedule.wake(tail)  # type: ignore[arg-type]
    assert turns(schedule) == [one, other]
    assert schedule.next() is None


def test_a_log_waits_for_its_time() -> None:
    schedule, one = Schedule(), Log("one")
    schedule.at(one, 5.0)  # type: ignore[arg-type]
    schedule.advance(4.9)
    assert (turns(schedule), schedule.next_due()) == ([], 5.0)
    schedule.advance(5.0)
    assert (turns(schedule), schedule.next_due()) == ([one], float("inf"))


def test_the_last_time_that_was_said_counts() -> None:
    schedule, one = Schedule(), Log("one")
    for due in (5.0, 9.0, 7.0):
        schedule.at(one, due)  # type: ignore[arg-type]
    assert schedule.next_due() == 7.0
    schedule.advance(6.0)
    assert turns(schedule) == []
    schedule.advance(9.0)
    assert turns(schedule) == [one]


def test_a_log_read_a_moment_ago_is_left_alone_when_more_is_written() -> None:
    schedule, one = Schedule(), Log("one")
    schedule.pause(one, 1.0)  # type: ignore[arg-type]
    schedule.heard(one, 1.01)  # type: ignore[arg-type]
    assert turns(schedule) == []
    schedule.advance(1.0 + PAUSE_SECS)
    assert turns(schedule) == [one]


def test_a_log_that_waits_for_something_later_is_woken_when_it_is_written_to() -> None:
    schedule, one = Schedule(), Log("one")
    schedule.at(one, 100.0)  # type: ignore[arg-type]
    schedule.heard(one, 1.0)  # type: ignore[arg-type]
    assert turns(schedule) == [one]
    schedule.advance(100.0)
    assert turns(schedule) == [], "it was looked at already"


def test_those_awake_are_the_ready_and_the_waiting() -> None:
    schedule, logs = Schedule(), [Log("ready"), Log("waiting"), Log("at rest")]
    schedule.wake(logs[2])  # type: ignore[arg-type]
    assert turns(schedule) == [logs[2]]
    schedule.wake(logs[0])  # type: ignore[arg-type]
    schedule.at(logs[1], 9.0)  # type: ignore[arg-type]
    assert list(schedule.awake()) == logs[:2]


steps = st.lists(st.tuples(st.sampled_from(["wake", "at", "pause", "heard", "turn"]), st.integers(0, 4)), max_size=60)


@given(steps)
def test_nobody_who_was_promised_a_turn_is_forgotten_or_has_two(done: list[tuple[str, int]]) -> None:
    schedule, logs, now = Schedule(), [Log(str(number)) for number in range(5)], 0.0
    promised: set[Log] = set()
    for what, number in done:
        now += 0.1
        tail: Any = logs[number]
        if what == "turn":
            schedule.advance(now)
            found: Any = schedule.next()
            assert found is None or found in promised
            promised.discard(found)
            continue
        if what in ("at", "pause") and tail in promised:
            continue  # only for one that has just had its turn
        promised.add(tail)
        if what == "at":
            schedule.at(tail, now + number)
        elif what == "wake":
            schedule.wake(tail)
        else:
            getattr(schedule, what)(tail, now)
    schedule.advance(now + 10)
    last = turns(schedule)
    assert sorted(map(repr, last)) == sorted(map(repr, promised))


# -- polling -----------------------------------------------------------------------------------------------------------


def test_only_a_log_that_has_changed_is_told_of_and_then_forgotten() -> None:
    polling, one, other = Polling(0.2, 1.0), Log("one"), Log("other")
    for tail in (one, other):
        polling.rest(tail, 100.0)  # type: ignore[arg-type]
    one.changed = True
    assert polling.changed(100.0) == [one]
    assert polling.changed(200.0) == []
    polling.forget(other)  # type: ignore[arg-type]
    assert polling.next_due() == float("inf")


def test_a_log_that_was_written_to_lately_is_looked_at_more_often() -> None:
    polling, fresh, quiet = Polling(0.2, 1.0), Log("fresh", read_at=100.0), Log("quiet")
    for tail in (fresh, quiet):
        polling.rest(tail, 100.0)  # type: ignore[arg-type]
    now = 100.0
    while now < 105.0:
        polling.changed(now)
        now += 0.05
    assert 20 <= fresh.asked <= 27
    assert 4 <= quiet.asked <= 6
    for _ in range(3):
        now += FRESH_SECS
        polling.changed(now)
    before = fresh.asked
    polling.changed(now + 0.5)
    assert fresh.asked == before, "it is quiet now"


def test_many_logs_are_looked_at_less_often_rather_than_at_a_higher_cost() -> None:
    looks = Round(0.0, share=100)
    for number in range(5000):
        looks.tails[Log(str(number))] = None  # type: ignore[index]
    assert looks.changed(0.0) == []
    assert looks.next_due() > 100 * 5000 * 1e-8  # no look is faster than 10 ns


def test_a_round_that_hung_does_not_put_off_the_next_one_for_long() -> None:
    began = time.perf_counter() - 3600
    assert next_round(1.0, began, 500, 1.0) == 1.0 + MOST_SECS
    assert next_round(1.0, began, 500, 60.0) == 61.0, "as rarely as the settings ask"
