"""Following an index: every document that becomes searchable is given out once, however late its time stamp. Pure.

Time stamps cannot tell what is new: a node that was cut off delivers an hour's lines at once, all of them in the past.
Elasticsearch numbers the operations of each shard (``_seq_no``), so what is new is what has a higher number. Numbers
become visible a little out of order, because a shard works on several requests at once; each look therefore begins at
the number that was the highest some seconds ago, and ids that were given out since are remembered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

from deploy.search.query import PAGE, Wanted

OVERLAP_SECS: Final = 10.0
OVERLAP_OPERATIONS: Final = 5_000
"""At the beginning, when there is no look to go back to, the overlap is so many operations."""


class Follower:
    """One shard number over all indices of a pattern (nearly every index has shard 0 only)."""

    def __init__(self, shard: int, overlap_secs: float = OVERLAP_SECS) -> None:
        self.shard = shard
        self._overlap_secs = overlap_secs
        self._looks: deque[tuple[float, dict[str, int]]] = deque()
        """When, and the highest number of each index then."""
        self._given: dict[tuple[str, str], int] = {}
        """Index and id -> number, of what was given out."""

    @property
    def floors(self) -> Mapping[str, int]:
        """Index -> number above which to look; an index that is not here is new as a whole."""
        return self._looks[0][1] if self._looks else {}

    def begin(self, highest: Mapping[str, int]) -> None:
        """What is there at the beginning is not new; ``highest`` number of each index."""
        floors = {index: number - OVERLAP_OPERATIONS for index, number in highest.items()}
        self._looks.append((float("-inf"), floors))

    def remember(self, hits: Iterable[Mapping[str, Any]]) -> None:
        """Documents within the overlap that are not new."""
        for hit in hits:
            self._given[hit["_index"], hit["_id"]] = int(hit["sort"][0])

    def request(self, wanted: Wanted, after: list[Any] | None = None, *, only_ids: bool = False) -> dict[str, Any]:
        """The body of the next look; ``after``: the sort values of the last hit of its page before."""
        known = [
            {"bool": {"filter": [{"term": {"_index": index}}, {"range": {"_seq_no": {"gt": floor}}}]}}
            for index, floor in self.floors.items()
        ]
        unknown = {"bool": {"must_not": [{"terms": {"_index": list(self.floors)}}]}}
        body: dict[str, Any] = {
            "query": wanted.query({"bool": {"should": [*known, unknown], "minimum_should_match": 1}}),
            "sort": [{"_seq_no": "asc"}, {"_index": "asc"}],
            "size": PAGE,
            "_source": not only_ids,
        }
        return body if after is None else {**body, "search_after": after}

    def take(self, hits: Iterable[dict[str, Any]], now: float) -> list[dict[str, Any]]:
        """Those of a look's hits that were never given out; ``now``: any clock's seconds."""
        fresh = [hit for hit in hits if (hit["_index"], hit["_id"]) not in self._given]
        self.remember(fresh)
        highest = dict(self._looks[-1][1] if self._looks else {})
        for hit in fresh:
            highest[hit["_index"]] = max(highest.get(hit["_index"], -1), int(hit["sort"][0]))
        self._looks.append((now, highest))
        self._forget(now)
        return fresh

    def _forget(self, now: float) -> None:
        while len(self._looks) > 1 and now - self._looks[1][0] >= self._overlap_secs:
            self._looks.popleft()
        floors = self.floors
        self._given = {key: number for key, number in self._given.items() if number > floors.get(key[0], -1)}
