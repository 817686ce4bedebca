"""How far a reader is behind, and for how long something is held up, by the figures alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from confluent_kafka import KafkaError, KafkaException

from producers.core.files.unread_age import UnreadAge
from runtime.held import Held
from runtime.kafka_lag import Behind, Ends, Place, by_topic
from schemas.settings import KafkaSettings


def test_nothing_is_behind_at_the_end() -> None:
    place = Place()
    place.begun(0, 10, 1000.0)
    place.finished(10)
    assert place.behind(10, 1060.0) == Behind(0, 0.0)


def test_what_is_under_way_counts_and_is_as_old_as_in_kafka() -> None:
    place = Place()
    place.begun(0, 10, 1000.0)
    place.begun(10, 30, 1005.0)
    assert place.behind(50, 1020.0) == Behind(50, 20.0)
    place.finished(10)
    assert place.behind(50, 1020.0) == Behind(40, 15.0)


def test_an_end_that_is_known_from_earlier_takes_nothing_back() -> None:
    place = Place()
    place.begun(0, 10, 1000.0)
    assert place.behind(4, 1001.0) == Behind(10, 1.0)


def test_what_was_not_read_yet_came_after_what_was() -> None:
    place = Place()
    place.begun(0, 10, 1000.0)
    place.finished(10)
    assert place.behind(15, 1030.0) == Behind(5, 30.0)


def test_what_comes_after_an_hour_of_silence_is_not_an_hour_old() -> None:
    place = Place()
    place.begun(0, 10, 1000.0)
    place.finished(10)
    assert place.behind(10, 4600.0) == Behind(0, 0.0)
    assert place.behind(11, 4615.0) == Behind(1, 15.0)


def test_before_the_first_record_only_their_number_is_known() -> None:
    assert Place().behind(25, 1000.0, start=5) == Behind(20, 0.0)


def test_clocks_that_disagree_make_no_negative_age() -> None:
    place = Place()
    place.begun(0, 1, 1000.0)
    assert place.behind(1, 990.0) == Behind(1, 0.0)


def test_of_a_topic_records_are_added_up_and_the_oldest_counts() -> None:
    behind = {("a", 0): Behind(3, 1.0), ("a", 1): Behind(4, 9.0), ("b", 0): Behind(0, 0.0)}
    assert by_topic(behind) == {"a": Behind(7, 9.0), "b": Behind(0, 0.0)}


def test_kafka_is_asked_once_in_a_while_and_its_silence_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = Ends(KafkaSettings(bootstrap_servers="127.0.0.1:1"), "test")
    asked: list[object] = []

    def away(partitions: object) -> dict[tuple[str, int], int]:
        asked.append(partitions)
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    monkeypatch.setattr(ends, "of", away)
    assert [ends.recent([("a", 0)]), ends.recent([("a", 0)])] == [{}, {}]
    assert len(asked) == 1
    monkeypatch.setattr(ends, "of", lambda partitions: dict.fromkeys(partitions, 5))
    assert ends.recent([("a", 0)]) == {}
    assert ends.recent([("a", 0), ("a", 1)]) == {("a", 0): 5, ("a", 1): 5}


def test_what_is_held_up_is_counted_while_it_lasts() -> None:
    now = 100.0
    held = Held(lambda: now)
    assert (held.is_held, held.now_secs(), held.total_secs()) == (False, 0.0, 0.0)
    held.hold()
    now = 103.0
    held.hold()
    assert (held.is_held, held.now_secs(), held.total_secs()) == (True, 3.0, 3.0)
    held.free()
    held.free()
    now = 110.0
    held.hold()
    now = 111.0
    assert (held.now_secs(), held.total_secs()) == (1.0, 4.0)


def test_the_first_unread_byte_is_as_old_as_the_look_that_saw_it() -> None:
    age = UnreadAge()
    assert age.look(0, 100, 1000.0) == 0.0
    assert age.look(0, 300, 1005.0) == 5.0
    assert age.look(100, 200, 1020.0) == 15.0
    assert age.look(300, 0, 1021.0) == 0.0
    assert age.look(300, 50, 1100.0) == 0.0
    assert age.look(300, 50, 1101.0) == 1.0


def test_what_is_unread_at_the_first_look_is_as_old_as_its_file() -> None:
    age = UnreadAge(3600.0)
    assert age.look(0, 100, 1000.0) == 3600.0
    assert age.look(0, 200, 1010.0) == 3610.0
    assert age.look(100, 100, 1020.0) == 10.0


def test_a_log_that_was_truncated_has_no_older_bytes_than_it_has() -> None:
    age = UnreadAge()
    age.look(0, 100, 1000.0)
    assert age.look(0, 40, 1010.0) == 0.0


@pytest.mark.parametrize("behind_secs", [10, 100, 1000, 10_000])
def test_ages_of_a_log_that_is_read_late_are_a_tenth_too_low_at_most(behind_secs: int) -> None:
    age, worst = UnreadAge(), 0.0
    for second in range(3 * behind_secs):
        read = max(0, second - behind_secs)
        found = age.look(read, second - read, float(second))
        assert found <= second - read
        worst = max(worst, second - read - found)
        assert len(age._marks) < 250
    assert worst <= max(2.0, behind_secs / 10)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(age._marks))
