"""Folders become objects when they are large, old, or in the way of others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sinks.core.open_folders import Limits, OpenFolder, due

LIMITS = Limits(object_max_bytes=100, object_max_age_secs=10.0, memory_max_bytes=200)


def folder(key: str, size: int, opened_at: float = 100.0) -> OpenFolder[str]:
    return OpenFolder(key, size, opened_at)


def test_a_large_one_and_an_old_one_are_due_and_the_others_wait():
    folders = [folder("large", 100), folder("old", 1, 91.0), folder("small", 99), folder("new", 1, 91.1)]
    assert due(folders, LIMITS, 101.0) == {"large", "old"}


def test_when_memory_is_short_the_largest_go_until_half_is_free():
    folders = [folder(str(size), size) for size in (90, 80, 20, 10)]
    assert due(folders, LIMITS, 101.0) == {"90", "80"}


def test_a_thousand_small_ones_are_not_written_because_one_is_large():
    small = [folder(str(number), 0) for number in range(1000)]
    assert due([*small, folder("large", 150)], LIMITS, 101.0) == {"large"}


def test_of_too_many_the_oldest_half_goes():
    folders = [folder(str(number), 0, 100 - number / 10) for number in range(12)]
    assert due(folders, LIMITS, 101.0, most=10) == {str(number) for number in range(5, 12)}


@given(st.lists(st.tuples(st.integers(0, 120), st.floats(85, 100)), max_size=20))
def test_what_stays_fits_into_memory_and_is_neither_large_nor_old(folders):
    named = [folder(str(place), size, opened) for place, (size, opened) in enumerate(folders)]
    chosen = due(named, LIMITS, 101.0)
    left = [each for each in named if each.key not in chosen]
    assert sum(each.bytes for each in left) < LIMITS.memory_max_bytes
    assert all(each.bytes < 100 and 101.0 - each.opened_at < 10 for each in left)
