"""What a person asks for becomes a request that finds it in a total order."""

from __future__ import annotations

from typing import Any

from deploy.search.query import Wanted, newest, oldest_first


def _hit(timestamp: str, incarnation: str, offset: int) -> dict[str, Any]:
    return {"_source": {"@timestamp": timestamp, "logferry": {"incarnation": incarnation, "offset": offset}}}


def test_the_query_is_passed_on_as_typed() -> None:
    text = "kubernetes.labels.app:numbers-api AND log:fizz"
    assert Wanted(text).query() == {"bool": {"must": [{"query_string": {"query": text}}], "filter": []}}


def test_since_is_a_filter_on_the_timestamp() -> None:
    assert Wanted("*", since=1.5).query()["bool"]["filter"] == [
        {"range": {"@timestamp": {"gte": "1970-01-01T00:00:01.500Z"}}}
    ]


def test_a_page_goes_on_where_the_last_one_ended() -> None:
    first, second = newest(Wanted("*"), 10), newest(Wanted("*"), 10, [1, "a", 2])
    assert first["track_total_hits"]
    assert "search_after" not in first
    assert second["search_after"] == [1, "a", 2]
    assert not second["track_total_hits"]
    assert len(first["sort"]) == 3


def test_lines_of_one_millisecond_keep_the_order_in_which_they_were_written() -> None:
    late = _hit("2026-01-01T00:00:00.000000002Z", "b", 0)
    early = _hit("2026-01-01T00:00:00.000000001Z", "c", 9)
    twin = _hit("2026-01-01T00:00:00.000000002Z", "b", 10)
    assert oldest_first([twin, late, early]) == [early, late, twin]


def test_documents_of_others_have_a_place_too() -> None:
    assert oldest_first([{"_source": {"message": "x"}}, {}]) == [{"_source": {"message": "x"}}, {}]
