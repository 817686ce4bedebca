"""How many documents a chunk should have."""

from collections.abc import Sequence

from deploy.audit.core.documents import Expected, Range, compare
from deploy.audit.core.path import Segment

TOPICS = frozenset({"logs.app"})


def told(start: int, end: int, records: int, at: int = 1, run: str = "") -> Segment:
    return Segment(start, end, at, run, ((0, (("routed", records), ("routed/logs.app", records))),))


def compared(
    expected: list[Expected], there: Sequence[int], letters: Sequence[int] = (), waiting: Sequence[int] = ()
) -> list[tuple[int, int, int]]:
    """Start, end and difference of each chunk that differs; ``there``: positions of documents."""

    def count(ranges: Sequence[Range]) -> list[int]:
        return [sum(start <= each and (end is None or each < end) for each in there) for start, end in ranges]

    return [(chunk.start, chunk.end, amount) for chunk, amount in compare(expected, letters, waiting, count)]


def chunks(*standing: Segment, others: Sequence[Segment] = ()) -> list[Expected]:
    return Expected.of(standing, others, TOPICS)


TWO = (told(0, 100, 2), told(100, 200, 3))
ALL = (10, 20, 110, 120, 130)


def test_chunks_with_all_their_documents_do_not_differ() -> None:
    assert compared(chunks(*TWO), ALL) == []


def test_a_missing_document_is_named_with_its_chunk() -> None:
    assert compared(chunks(*TWO), (10, 20, 110, 130)) == [(100, 200, -1)]
    assert compared(chunks(*TWO), ()) == [(0, 100, -2), (100, 200, -3)]


def test_a_document_too_many_is_named_with_its_chunk() -> None:
    assert compared(chunks(*TWO), (*ALL, 20)) == [(0, 100, 1)]


def test_one_missing_and_one_too_many_do_not_make_each_other_good() -> None:
    assert compared(chunks(*TWO), (10, 20, 20, 110, 120)) == [(0, 100, 1), (100, 200, -1)]


def test_what_the_sink_refused_is_not_missed() -> None:
    assert compared(chunks(*TWO), (10, 110, 120, 130), letters=[20]) == []
    assert compared(chunks(*TWO), (10, 20, 120, 130), letters=[20]) == [(0, 100, 1), (100, 200, -1)]


def test_what_is_on_its_way_may_be_there_or_not() -> None:
    assert compared(chunks(*TWO), (10, 20, 110, 120), waiting=[130]) == []
    assert compared(chunks(*TWO), ALL, waiting=[130]) == []


def test_positions_of_a_journal_reach_beyond_the_number_of_entries() -> None:
    assert compared(chunks(told(10, 12, 2), told(40, 42, 2)), (10, 35, 40, 55)) == []


def test_chunks_that_are_told_twice_in_part_are_not_judged() -> None:
    assert compared(chunks(told(0, 100, 2), told(90, 200, 3), told(200, 300, 1)), (10, 110, 120, 250)) == []
    assert compared(chunks(told(0, 100, 2), told(90, 200, 3), told(200, 300, 1)), (10, 110, 120)) == [(200, 300, -1)]


def test_a_replay_under_other_rules_may_have_left_both_kinds() -> None:
    before, now = told(0, 100, 2), told(0, 100, 3, at=2, run="r1")
    for there in ((1, 2, 3), (1, 2, 3, 4), (1, 2, 3, 4, 5)):
        assert compared(chunks(now, others=[before]), there) == []
    assert compared(chunks(now, others=[before]), (1, 2)) == [(0, 100, -1)]
    assert compared(chunks(now, others=[before]), range(6)) == [(0, 100, 1)]


def test_a_replay_that_made_the_same_leaves_no_doubt() -> None:
    assert compared(chunks(told(0, 100, 2, at=2, run="r1"), others=[told(0, 100, 2)]), (1,)) == [(0, 100, -1)]
