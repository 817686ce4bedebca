"""Entries in, accounts and problems out."""

from typing import Any

import pytest

from deploy.audit.core.book import Book, shared_out
from deploy.audit.core.judge import holes_of, losses, skipped, unbalanced, undecided
from deploy.audit.core.outcomes import decided, distinct
from deploy.audit.core.picture import Picture
from deploy.audit.core.ranges import Ranges
from deploy.audit.core.rows import by_container, by_hour, by_namespace, merged, rows
from tests.deploy.audit.entries import LIFE, RAW, SOURCE, producer, sink, stream

APP = ("logs.app", 0)


def picture(committed: int = 100, end: int = 100, sink_at: int = 0, sink_end: int = 0, **changes: Any) -> Picture:
    known: dict[str, Any] = {
        "bounds": {(RAW, 0): (0, end), APP: (0, sink_end)},
        "committed": {"stream": {(RAW, 0): committed}, "sink/search": {APP: sink_at}},
        "read": {"stream": ((RAW, 0),), "sink/search": (APP,)},
        "waits_since": {0: 1} if committed < end else {},
        "partitions": 1,
    }
    return Picture(RAW, **(known | changes))


def book(of: Picture, *entries: dict[str, Any], **options: Any) -> Book:
    made = Book(of, **options)
    for each in entries:
        made.take(each)
    if made.wants():
        for each in entries:
            made.take_again(each)
        made.settle()
    return made


def holes(of: Picture, *entries: dict[str, Any]) -> tuple[list[tuple[int, int]], int]:
    doubtful, pending = holes_of(book(of, *entries).files[LIFE], of, 0)
    return [(each.start, each.end) for each in doubtful], pending


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_told_of_from_end_to_end_has_no_hole() -> None:
    assert holes(picture(), stream(0, 100, 0), stream(100, 300, 1), producer(0, 300)) == ([], 0)


def test_bytes_that_kafka_has_and_nobody_told_of_are_a_hole() -> None:
    assert holes(picture(), stream(0, 100, 0), stream(200, 300, 2), producer(0, 400)) == ([(100, 200), (300, 400)], 0)


def test_the_beginning_of_a_file_counts_where_reading_began() -> None:
    assert holes(picture(), stream(100, 200, 0), producer(0, 200)) == ([(0, 100)], 0)
    assert holes(picture(), stream(100, 200, 0), producer(100, 200)) == ([], 0)


def test_the_beginning_does_not_count_where_the_ledger_is_not_read_from_its_own() -> None:
    assert holes(picture(is_whole=False), stream(100, 200, 0), producer(0, 200)) == ([], 0)


def test_what_a_producer_lost_is_no_hole() -> None:
    told = stream(0, 100, 0), stream(200, 300, 1), producer(100, 200, "lost/truncated"), producer(0, 300)
    assert holes(picture(), *told) == ([], 0)


def test_what_waits_in_logs_raw_is_pending_and_no_hole() -> None:
    waits = picture(committed=1, end=2, waits_since={0: 50_000_000_000})
    assert holes(waits, stream(0, 100, 0), producer(0, 300, at=60_000_000_000)) == ([], 200)


def test_what_was_sent_long_before_the_first_chunk_that_waits_does_not_wait_with_it() -> None:
    waits = picture(committed=1, end=2, waits_since={0: 100_000_000_000})
    assert holes(waits, stream(0, 100, 0), producer(0, 300, at=30_000_000_000)) == ([(100, 300)], 0)


def test_a_hole_before_a_chunk_that_is_committed_is_one_though_others_wait() -> None:
    waits = picture(committed=3, end=9, waits_since={0: 1})
    assert holes(waits, stream(0, 100, 0), stream(200, 300, 2)) == ([(100, 200)], 0)
    assert holes(waits, stream(0, 100, 0), stream(200, 300, 5)) == ([], 100)


def test_what_was_sent_after_the_picture_is_pending() -> None:
    of = picture()
    made = Book(of)
    made.take(stream(0, 100, 0))
    made.take(producer(0, 100, at=1))
    made.take(producer(0, 300, at=2), before=False)
    assert holes_of(made.files[LIFE], of, 0) == ([], 200)


def test_a_loss_that_came_after_all_is_none() -> None:
    made = book(picture(), producer(0, 100, "lost/removed"), stream(0, 60, 0))
    assert [(each.start, each.end, each.reason) for each in losses(made, 0)[0]] == [(60, 100, "removed")]


def test_a_loss_is_told_with_its_file() -> None:
    lost = losses(book(picture(), producer(0, 100, "lost/removed", open_end=True, detail="gone")), 0)[0][0]
    assert (lost.path, lost.namespace, lost.node, lost.open_end, lost.detail) == (
        "/var/log/cart.log", "shop", "node-1", True, "gone",
    )  # fmt: skip


def test_unread_bytes_wait_on_a_node_that_lives_and_are_at_risk_on_one_that_is_silent() -> None:
    made = book(picture(), producer(0, 100, at=5), stream(0, 100, 0), producer(100, 150, "left/unread", at=5))
    assert made.files[LIFE].unread() == 50
    assert losses(made, 6)[1] == []
    assert [(each.start, each.end) for each in losses(made, 3_600_000_000_000)[1]] == [(100, 150)]


def test_unread_bytes_that_were_sent_later_are_not_unread() -> None:
    made = book(picture(), producer(100, 150, "left/unread", at=5), producer(0, 150, at=9), stream(0, 150, 0))
    assert made.files[LIFE].unread() == 0


# -- offsets -----------------------------------------------------------------------------------------------------------


def test_an_offset_of_logs_raw_that_nobody_told_of_is_skipped() -> None:
    of = picture(committed=4, end=9)
    made = book(of, stream(0, 100, 0), stream(100, 200, 1), stream(200, 300, 3))
    assert [tuple(each) for each in skipped(made, of)] == [(0, 2, 3)]


def test_a_chunk_that_only_repeats_bytes_is_told_of_too() -> None:
    of = picture(committed=3, end=3)
    made = book(of, stream(0, 100, 0), stream(100, 100, 1), stream(100, 200, 2))
    assert list(skipped(made, of)) == []


def test_offsets_are_looked_at_from_what_the_topic_still_has() -> None:
    of = picture(committed=9, end=9, bounds={(RAW, 0): (7, 9)})
    assert list(skipped(book(of, stream(0, 100, 7), stream(100, 200, 8)), of)) == []


def test_offsets_before_the_first_entry_of_a_newer_version_are_not_looked_at() -> None:
    of = picture(committed=9, end=9)
    made = book(of, stream(0, 50, None), stream(50, 100, 7), stream(100, 200, 8))
    assert made.has_old
    assert list(skipped(made, of)) == []


def test_the_first_chunk_may_be_the_one_that_was_skipped() -> None:
    of = picture(committed=2, end=2)
    assert [tuple(each) for each in skipped(book(of, stream(100, 200, 1)), of)] == [(0, 0, 1)]


def test_offsets_that_a_sink_is_past_without_a_word_are_undecided() -> None:
    of = picture(sink_at=300, sink_end=300)
    found = list(undecided(book(of, sink(0, 100), sink(200, 300)), of))
    assert [(each.kind, each.where) for each in found] == [
        ("undecided_offsets", "sink search, logs.app partition 0"),
    ]
    assert "offsets 100 to 199" in found[0].message


def test_offsets_that_the_topic_does_not_have_any_more_expired() -> None:
    of = picture(sink_at=300, sink_end=300, bounds={(RAW, 0): (0, 100), APP: (150, 300)})
    found = [(each.kind, each.message.split(":")[0]) for each in undecided(book(of, sink(0, 100), sink(200, 300)), of)]
    assert found == [
        ("expired_records", "offsets 100 to 149 expired in the topic before the sink read them"),
        ("undecided_offsets", "offsets 150 to 199"),
    ]


def test_a_second_chain_after_a_crash_tells_nothing_twice() -> None:
    of = picture(sink_at=300, sink_end=300)
    made = book(of, sink(0, 100, 1), sink(100, 250, 2), sink(100, 180, 3, "already_there"), sink(180, 300, 4))
    assert list(undecided(made, of)) == []
    assert made.chains["sink/search", *APP].total() == {"indexed": 220, "already_there": 80, "bytes": 30000}


def test_a_sink_that_never_said_anything_is_undecided_where_the_ledger_is_whole() -> None:
    of = picture(sink_at=50, sink_end=50)
    assert ["offsets 0 to 49" in each.message for each in undecided(book(of), of)] == [True]
    assert list(undecided(book(of, stream(0, 10, None)), of)) == []


# -- lines -------------------------------------------------------------------------------------------------------------


def test_a_chunk_whose_lines_do_not_add_up_is_named() -> None:
    whole = stream(0, 100, 0, outcomes={"routed": 7, "joined": 1, "dropped/severity/x": 1, "dead_letter/y": 1})
    short = stream(100, 200, 1, outcomes={"routed": 9})
    assert [each.where for each in unbalanced(book(picture(), whole, short))] == [
        f"incarnation {LIFE}, bytes 100 to 200"
    ]


def test_decided_lines_leave_topics_out() -> None:
    assert decided({"routed": 3, "routed/a": 3, "together/a+b": 2, "joined": 1, "dropped/unmatched": 2}) == 6


@pytest.mark.parametrize(
    ("topics", "expected"),
    [({"a"}, 10), ({"a", "b"}, 13), ({"a", "b", "c"}, 13), ({"c"}, 5), ({"b", "c"}, 9), (set(), 0)],
)
def test_a_record_of_several_topics_is_one_for_a_sink_that_reads_them(topics: set[str], expected: int) -> None:
    told = {"routed": 13, "routed/a": 10, "routed/b": 6, "routed/c": 5, "together/a+b": 1, "together/a+b+c": 2}
    extra = {"a": 10, "b": 6, "c": 5}
    by_hand = sum(extra[each] for each in topics)
    by_hand -= 1 * max(0, len(topics & {"a", "b"}) - 1) + 2 * max(0, len(topics & {"a", "b", "c"}) - 1)
    assert distinct(told, topics) == by_hand
    assert by_hand == expected or len(topics) > 1


# -- rows --------------------------------------------------------------------------------------------------------------


def test_rows_have_what_stages_said_of_a_namespace() -> None:
    outcomes = {"routed": 5, "routed/logs.app": 5, "dropped/severity/annotation": 3, "dropped/sampled": 1, "joined": 1}
    made = book(picture(), stream(0, 100, 0, outcomes=outcomes), sink(0, 5), producer(0, 100))
    found = rows(made, {}, by_namespace)
    assert len(found) == 1
    row = found[0]
    assert (row.namespace, row.bytes, row.lines, row.joined, row.sampled) == ("shop", 100, 10, 1, 1)
    assert row.routed == {"logs.app": 5}
    assert row.dropped == {"severity/annotation": 3, "sampled": 1}
    assert row.sinks == {"search": {"indexed": 5, "bytes": 500}}


def test_hours_add_up_to_the_whole() -> None:
    hour = 3_600_000_000_000
    told = [stream(0, 100, 0, observed_timestamp=hour), stream(100, 300, 1, observed_timestamp=2 * hour)]
    made = book(picture(), *told, sink(0, 30, at=2 * hour), hours=True)
    found = rows(made, {}, by_hour)
    assert [(each.hour, each.lines, each.sinks.get("search", {})) for each in found] == [
        ("1970-01-01T01", 10, {}), ("1970-01-01T02", 20, {"indexed": 30, "bytes": 3000}),
    ]  # fmt: skip
    assert merged(found).lines == 30


def test_only_wanted_namespaces_are_kept() -> None:
    other = stream(0, 50, 1, incarnation="00" * 8, source_id="11" * 8, namespace="bank")
    made = book(picture(), stream(0, 100, 0), other, sink(0, 5), wanted=lambda name: name == "bank")
    assert [(each.namespace, each.pod, each.lines, each.sinks) for each in rows(made, {}, by_container)] == [
        ("bank", "cart-1", 5, {}),
    ]  # fmt: skip
    assert SOURCE not in made.sources


def test_bytes_are_shared_out_by_records_and_add_up() -> None:
    assert shared_out(100, [1, 1, 1]) == [33, 33, 34]
    assert shared_out(7, []) == []
    assert shared_out(5, [0, 0]) == [0, 0]


def test_ranges_touch_and_overlap() -> None:
    found = Ranges()
    assert found.add(10, 20) == []
    assert found.add(30, 40) == []
    assert found.add(20, 30) == []
    assert list(found) == [(10, 40)]
    assert found.add(5, 50) == [(10, 40)]
    assert list(found) == [(5, 50)]
    assert [tuple(each)[:2] for each in found.holes(0, 60)] == [(0, 5), (50, 60)]
    assert (found.meets(0, 5), found.meets(4, 6), found.covers(5, 50)) == (False, True, True)


# -- redriven letters --------------------------------------------------------------------------------------------------

RUN = "redrive-20261122T010203.004Z"
WITH_LETTER = stream(0, 100, 0, outcomes={"routed": 9, "routed/logs.app": 9, "dead_letter/unreadable_framing": 1})
AGAIN = stream(20, 29, 0, at=5, run=RUN, lines=1)
UNREADABLE = stream(0, 0, 1, incarnation="", source_id="", lines=1, outcomes={"dead_letter/unreadable_chunk": 1})


def test_a_redriven_line_is_counted_once_and_as_what_it_is_now() -> None:
    for entries in ((WITH_LETTER, AGAIN), (WITH_LETTER, AGAIN, AGAIN | {"written_at": 6})):
        made = book(picture(), *entries)
        assert made.files[LIFE].account.total() == {"lines": 10, "bytes": 100, "routed": 10, "routed/logs.app": 10}
        assert list(made.chunks[0]) == [(0, 1)]


def test_a_redriven_line_whose_chunk_was_told_before_reading_began_makes_no_hole() -> None:
    since = picture(is_whole=False)
    assert holes(since, AGAIN, stream(200, 300, 3)) == ([], 0)
    made = book(since, AGAIN, stream(200, 300, 3), stream(200, 300, 3, at=2))
    assert made.files[LIFE].account.total()["lines"] == 10


def test_a_chunk_that_could_not_be_decoded_is_no_dead_letter_once_it_was_redriven() -> None:
    before, after = stream(0, 100, 0), stream(200, 300, 2)
    made = book(picture(), before, UNREADABLE, UNREADABLE | {"written_at": 2}, after)
    assert dict(made.unreadable) == {"dead_letter/unreadable_chunk": 1}
    made = book(picture(), before, after, stream(100, 200, 1, at=5, run=RUN), UNREADABLE)
    assert dict(made.unreadable) == {}
    assert made.files[LIFE].account.total()["lines"] == 30
    assert list(made.files[LIFE].told) == [(0, 300)]
    failed = book(picture(), UNREADABLE, UNREADABLE | {"run": RUN, "written_at": 5})
    assert dict(failed.unreadable) == {"dead_letter/unreadable_chunk": 1}


def test_names_of_a_file_are_not_those_of_a_line_that_nobody_knew_the_source_of() -> None:
    made = book(picture(), WITH_LETTER, AGAIN | {"namespace": None, "pod": None, "container": None, "node": "unknown"})
    assert [each.namespace for each in [made.files[LIFE].names] if each] == ["shop"]
