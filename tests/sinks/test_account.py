"""Each record of a range is counted once, under its source and its outcome; ranges touch; what is missing is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from sinks.core.account import (
    AT_ONCE_SECS,
    LATEST_SECS,
    SOURCES_MAX,
    Range,
    Share,
    entry,
    gaps_of,
    is_due,
    ranges,
)
from tests.sinks.told import outcomes, path

PLACE = ("sink/x", "logs.app", 3)
SOURCES = [b"%016x" % number for number in range(4)]
KEYS = [*SOURCES, b"somebody else's", b"", None, b"\xff"]
OUTCOMES = ["delivered", "already_there", "dead_letter/malformed_value", "passed"]

record = st.tuples(st.integers(1, 3), st.sampled_from(KEYS), st.sampled_from(OUTCOMES), st.integers(0, 99))
"""Steps from the offset before, key, outcome, bytes of the value."""
reads = st.lists(st.lists(record, min_size=1, max_size=9), max_size=9)

Read = list[tuple[int, bytes | None, str, int]]


def share(offsets: list[int], told: Read) -> Share:
    made = Share(offsets, [key for _, key, _, _ in told], sum(size for *_, size in told))
    for _, key, outcome, _ in told:
        if outcome != "delivered":
            made.tell(key, outcome)
    return made


def shares_of(read: list[Read], start: int) -> list[Share]:
    found, offset = [], start - 1
    for told in read:
        offsets = []
        for step, *_ in told:
            offset += step
            offsets.append(offset)
        found.append(share(offsets, told))
    return found


def entries_of(start: int, shares: list[Share], low: int = 0) -> list[dict[str, Any]]:
    return [entry(PLACE, each, "delivered", 7) for each in ranges(start, shares, low)]


@given(reads)
def test_every_record_is_counted_once_under_its_source_and_outcome(read: list[Read]) -> None:
    found = entries_of(100, shares_of(read, 100))
    records = [each for told in read for each in told]
    expected = Counter(outcome for _, _, outcome, _ in records)
    assert sum(each["lines"] for each in found) == len(records)
    told = outcomes(found)
    assert told.pop("bytes", 0) == sum(size for *_, size in records)
    assert told == expected
    by_source: Counter[tuple[str, str]] = Counter()
    for each in found:
        for source, counts in each["sources"].items():
            by_source.update({(source, outcome): count for outcome, count in counts.items()})
    assert by_source == Counter(
        (key.decode() if key in SOURCES else "", outcome)  # type: ignore[union-attr]
        for _, key, outcome, _ in records
    )


@given(reads, st.integers(0, 400))
def test_ranges_touch_and_whatever_is_below_the_low_watermark_and_was_not_read_is_lost(
    read: list[Read], low: int
) -> None:
    shares = shares_of(read, 100)
    found = ranges(90, shares, low)
    ends = [90, *(each.end for each in found)]
    assert [each.start for each in found] == ends[:-1]
    assert ends[-1] == (shares[-1].end if shares else 90)
    missing = [offset for first, end in gaps_of(90, shares) for offset in range(first, end)]
    assert sum(each.lost for each in found) == sum(offset < low for offset in missing)


def test_what_retention_removed_before_it_was_read_has_an_entry_of_its_own() -> None:
    lost, read = entries_of(100, [share([500, 501], [(1, SOURCES[0], "delivered", 10)] * 2)], low=500)
    assert (lost["start"], lost["end"], lost["lines"]) == (100, 500, 400)
    assert lost["outcomes"] == {"lost/expired": 400}
    assert lost["sources"] == {"": {"lost/expired": 400}}
    assert (read["start"], read["end"], read["outcomes"]) == (500, 502, {"delivered": 2, "bytes": 20})


def test_what_was_removed_in_the_midst_of_a_read_is_lost_too() -> None:
    (found,) = entries_of(100, [share([100, 110], [(1, SOURCES[0], "delivered", 10)] * 2)], low=105)
    assert (found["lines"], found["outcomes"]) == (6, {"delivered": 2, "lost/expired": 4, "bytes": 20})


def test_offsets_without_a_record_are_no_loss_while_the_log_begins_before_them() -> None:
    (found,) = entries_of(100, [share([103], [(1, SOURCES[0], "delivered", 10)])], low=100)
    assert (found["start"], found["end"], found["lines"]) == (100, 104, 1)


def test_an_entry_is_no_larger_than_its_topic_takes() -> None:
    many = [
        Share(range(n * 5000, (n + 1) * 5000), [b"%016x" % (n * 5000 + each) for each in range(5000)], 0)
        for n in range(5)
    ]
    found = ranges(0, many)
    assert [len(each.shares) for each in found] == [2, 2, 1]
    codec = Codec("ledger_entry")
    sizes = [len(codec.encode(entry(PLACE, each, "already_there", 7))) for each in found]
    assert max(sizes) < SOURCES_MAX * 50 < 1_000_000


def test_every_entry_is_one_of_its_schema() -> None:
    codec = Codec("ledger_entry")
    (made,) = entries_of(5, [share([5], [(1, SOURCES[1], "already_there", 10)])])
    told = codec.decode(codec.encode(made))
    assert isinstance(told, dict)
    assert told["sources"] == {SOURCES[1].decode(): {"already_there": 1}}
    assert (told["incarnation"], told["source_id"], told["path"], told["ended"]) == ("", "", None, False)


def test_many_records_are_told_soon_and_few_of_many_sources_seldom() -> None:
    assert not is_due(10_000_000, 1, AT_ONCE_SECS / 2)
    assert is_due(10_000_000, 1, AT_ONCE_SECS)
    assert not is_due(500, 1, LATEST_SECS - 1)
    assert is_due(500, 1, LATEST_SECS)
    assert is_due(500, 1, float("inf"))  # the first behind a silence goes at once


def test_a_path_leads_past_entries_that_a_killed_process_left_behind() -> None:
    def one(start: int, end: int) -> dict[str, Any]:
        return entry(PLACE, Range(start, end, []), "delivered", 7)

    killed, first, second, third = one(100, 150), one(0, 100), one(100, 130), one(130, 200)
    assert path([first, killed, second, third], 0, 200) == [first, second, third]
    assert path([first, killed], 0, 150) == [first, killed]
    assert path([first, third], 0, 200) == []
