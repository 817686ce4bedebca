"""What became of one value of logs.raw, as a LedgerEntry.

Every value has one, so that a hole in their offsets is a value that was passed over.

=====================  ================================================================================================
value                  its entry
=====================  ================================================================================================
a chunk                the range of its bytes that were not seen before, lines and outcomes
only repeated bytes    an empty range, no lines
no chunk, or one       no incarnation, no range; one line, ``dead_letter/unreadable_chunk``
without ids
context, marks of a    an empty range, no lines: what begins there was accounted for when it came the first time
replay in logs.raw
=====================  ================================================================================================

A chunk that is worked on twice has two entries, which differ in ``written_at`` only, unless rules changed or a worker
began anew between a chunk and its repetition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from schemas.ledger import names_of
from streams.core.work import Work

STAGE: Final = "stream"
UNREADABLE_CHUNK: Final = "unreadable_chunk"
_NOBODY: Final[Mapping[str, Any]] = {"source_id": ""}


class Place(NamedTuple):
    """Where a value was read."""

    topic: str
    partition: int
    offset: int


def entry_of_chunk(work: Work, topic: str, written_at: int) -> dict[str, Any]:
    """The entry of a chunk that is finished. ``written_at``: nanoseconds since 1970."""
    counts: dict[str, Any] = {} if work.is_context else {"lines": work.lines, "outcomes": work.account()}
    return {
        **names_of(work.source),
        "path": work.path,
        **_place(Place(topic, work.partition, work.offset)),
        **counts,
        "incarnation": work.incarnation.hex(),
        "stage": STAGE,
        "start": work.start,
        "end": work.start if work.is_context else work.end,
        "ended": work.ended,
        "observed_timestamp": work.observed_timestamp,
        "run": work.run or None,
        "written_at": written_at,
    }


def entry_of_unreadable(
    chunk: Mapping[str, Any] | None, place: Place, written_at: int, run: str | None = None
) -> dict[str, Any]:
    """The entry of a value that cannot be used. ``chunk``: what could be decoded of it all the same."""
    names = _NOBODY if chunk is None else names_of(chunk["source"]) | {"path": chunk["path"]}
    outcomes = {f"dead_letter/{UNREADABLE_CHUNK}": 1}
    return {**_without_range(place, written_at, run), **names, "lines": 1, "outcomes": outcomes}


def entry_of_mark(run: str, place: Place, written_at: int) -> dict[str, Any]:
    """The entry of a value without lines, with which a replay says that it goes on or is over."""
    return {**_without_range(place, written_at, run), **_NOBODY}


def _without_range(place: Place, written_at: int, run: str | None) -> dict[str, Any]:
    return {
        **_place(place),
        "incarnation": "",
        "stage": STAGE,
        "start": 0,
        "end": 0,
        "run": run,
        "written_at": written_at,
    }


def _place(place: Place) -> dict[str, Any]:
    return {"topic": place.topic, "partition": place.partition, "topic_offset": place.offset}
