"""What became of redriven letters, as entries of the ledger: `schemas/avro/ledger_entry` says what the fields mean.

=====================================  ==============================================================================
letter of the stream stage             its entry
=====================================  ==============================================================================
a line, an entry with a number         its own range, as far as the letter knows it, and one line
a whole chunk that can be read today   the range of the chunk, with all of its lines
one that still cannot                  no incarnation, no range; one line, ``dead_letter/unreadable_chunk`` again
=====================================  ==============================================================================

Letters of sinks have none: what the stream stage said of their lines is as true as before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from deploy.dead_letters.core.ways import Want
from streams.core.account import entry_of_chunk
from streams.core.work import Work

RUN: Final = "redrive-"
"""How the names of all redrives begin in the ledger."""
NANOS: Final = 1_000_000_000


class Value(NamedTuple):
    """A value that came of a line."""

    topic: str
    position: int
    """Of its record."""
    reason: str
    """Of a letter; empty: it is a record."""


def run_name(now: int) -> str:
    """``redrive-20261122T010203.004Z``, for nanoseconds since 1970."""
    moment = datetime.fromtimestamp(now / NANOS, UTC)
    return f"{RUN}{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z"


def is_redrive(run: str | None) -> bool:
    """Whether an entry was written by a redrive, and not by a replay or a worker."""
    return run is not None and run.startswith(RUN)


def outcomes_of(values: Iterable[Value]) -> dict[str, int]:
    """What became of one line, as streams tell it.

    ``{"routed": 1, "routed/logs.app": 1}``; of a line without any record ``{"dead_letter/unreadable_framing": 1}``.
    """
    topics: defaultdict[int, set[str]] = defaultdict(set)
    reasons: list[str] = []
    for each in values:
        if each.reason:
            reasons.append(each.reason)
        else:
            topics[each.position].add(each.topic)
    if not topics:
        return {f"dead_letter/{reasons[0]}": 1} if reasons else {}
    found: defaultdict[str, int] = defaultdict(int, {"routed": 1})
    for every in topics.values():
        for topic in sorted(every):
            found[f"routed/{topic}"] += 1
        if len(every) > 1:
            found[f"together/{'+'.join(sorted(every))}"] += 1
    return dict(found)


def entry_of(want: Want, values: Iterable[Value], work: Work, run: str, now: int) -> dict[str, Any]:
    """The entry of a letter that was sent again. ``work``: its chunk; ``now``: nanoseconds since 1970."""
    fields = want.letter.fields
    chunk = {**entry_of_chunk(work, fields["topic"], now), "run": run}
    if want.is_whole:
        return chunk | _range_told_before(fields, chunk, want)
    end = max(want.first + 1, min(want.end or work.end, work.end))
    return chunk | {"start": want.first, "end": end, "lines": 1, "outcomes": outcomes_of(values), "ended": False}


def _range_told_before(fields: Mapping[str, Any], chunk: Mapping[str, Any], want: Want) -> dict[str, int]:
    """Of a chunk whose framing nobody knew its bytes were told, whatever its positions are today."""
    if fields["reason"] != "unsupported_framing" or want.size is None:
        return {}
    return {"end": chunk["start"] + want.size}
