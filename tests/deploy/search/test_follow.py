"""Every document is given out once, whenever it becomes visible and however old its time stamp is."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deploy.search.follow import OVERLAP_OPERATIONS, Follower
from deploy.search.query import Wanted


def _hit(number: int, index: str = "logs-1") -> dict[str, Any]:
    return {"_index": index, "_id": f"id{number}", "sort": [number, index]}


def _visible(follower: Follower, hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a search with the follower's floors would find."""
    return [hit for hit in hits if hit["sort"][0] > follower.floors.get(hit["_index"], -1)]


def test_what_was_there_at_the_beginning_is_not_new() -> None:
    follower = Follower(0)
    follower.begin({"logs-1": 7})
    follower.remember([_hit(6), _hit(7)])
    assert follower.floors == {"logs-1": 7 - OVERLAP_OPERATIONS}
    assert follower.take([_hit(6), _hit(7), _hit(8)], now=0.0) == [_hit(8)]


def test_a_number_that_becomes_visible_late_is_given_out() -> None:
    follower = Follower(0)
    follower.begin({})
    assert follower.take([_hit(1), _hit(3)], now=0.0) == [_hit(1), _hit(3)]
    assert follower.take(_visible(follower, [_hit(1), _hit(2), _hit(3)]), now=1.0) == [_hit(2)]


def test_an_index_that_appears_is_new_as_a_whole() -> None:
    follower = Follower(0)
    follower.begin({"logs-1": 100_000})
    assert follower.take(_visible(follower, [_hit(0, "logs-2")]), now=0.0) == [_hit(0, "logs-2")]


def test_what_is_older_than_the_overlap_is_forgotten() -> None:
    follower = Follower(0, overlap_secs=10)
    follower.begin({})
    for second in range(100):
        follower.take(_visible(follower, [_hit(number) for number in range(second + 1)]), now=float(second))
    assert follower.floors["logs-1"] >= 85
    assert len(follower._given) <= 15


def test_the_request_looks_above_the_floors_and_into_unknown_indices() -> None:
    follower = Follower(0)
    follower.begin({"logs-1": OVERLAP_OPERATIONS + 3})
    (filters,) = follower.request(Wanted("log:x"))["query"]["bool"]["filter"]
    known, unknown = filters["bool"]["should"]
    assert known["bool"]["filter"] == [{"term": {"_index": "logs-1"}}, {"range": {"_seq_no": {"gt": 3}}}]
    assert unknown == {"bool": {"must_not": [{"terms": {"_index": ["logs-1"]}}]}}


@given(st.lists(st.integers(0, 8), min_size=1, max_size=80))
def test_each_document_is_given_out_exactly_once(delays: list[int]) -> None:
    """Document n is written in second n and becomes visible up to eight seconds late, within the overlap."""
    follower = Follower(0, overlap_secs=10)
    follower.begin({})
    given_out: list[str] = []
    for second in range(len(delays) + 10):
        there = [_hit(number) for number, delay in enumerate(delays) if number + delay <= second]
        given_out += [hit["_id"] for hit in follower.take(_visible(follower, there), now=float(second))]
    assert sorted(given_out) == sorted(f"id{number}" for number in range(len(delays)))
