"""What may stand where in an archive: when an object may take the place of another, and what need not be written again.

An object is named by its first offset and holds **all** records of its folder (topic, hour, namespace) and partition
from that offset to its last. Offsets are committed behind objects, so whoever reads a record again finds at its place
what it, or somebody before it, wrote already. Three rules keep an archive whole in every order of events:

* An object is replaced only by one that reaches farther, and only the very version that was looked at (a conditional
  put). A process that was thrown out of its group and writes late can therefore make an object longer, never shorter.
* What a manifest or an object found in its place says to be there is not written again (`Coverage`). A folder's open
  records end where such a span begins, so every object keeps holding all records between its first and its last.
* Where no condition can be had, or the name is taken by records of another life of the topic, the object's name says
  both its offsets: then its name alone decides its content, and writing it again changes nothing.
"""

from __future__ import annotations

import enum
from collections import defaultdict

from sinks.core.manifest import Entry, Span


class Existing(enum.Enum):
    """What to do about an object that stands where another should be written."""

    KEEP = "keep"
    """It holds everything that the other does."""
    REPLACE = "replace"
    """The other holds everything that it does, and more."""
    ELSEWHERE = "elsewhere"
    """It is something else, and stays."""


def judged(theirs: Entry | None, ours: Entry) -> Existing:
    """What to do about ``theirs``, found under the name of ``ours``; None: nobody knows what it is."""
    if theirs is not None and theirs.sha256 == ours.sha256:
        return Existing.KEEP
    if theirs is None or not ours.topic_id or theirs.topic_id != ours.topic_id:
        return Existing.ELSEWHERE
    if theirs.first_offset != ours.first_offset or theirs.namespace != ours.namespace:
        return Existing.ELSEWHERE
    # A compacted object holds what the objects held that it was made of, not everything between its ends.
    whole = any(first <= ours.first_offset and ours.last_offset <= last for first, last in theirs.spans)
    return Existing.KEEP if whole else Existing.REPLACE


class Coverage:
    """Which offsets of one partition stand in objects beyond what is committed, by hour and namespace."""

    def __init__(self, topic_id: str) -> None:
        """``topic_id``: of the topic as it is now; empty: unknown, and then nothing is taken to be there."""
        self._topic_id = topic_id
        self._spans: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)

    def __bool__(self) -> bool:
        return bool(self._spans)

    def add(self, hour: str, entry: Entry, behind: int) -> None:
        """An object is there; what lies below offset ``behind`` does not come again."""
        if self._topic_id and entry.topic_id == self._topic_id:
            spans = [span for span in entry.spans if span[1] >= behind]
            if spans:
                self._spans[hour, entry.namespace] += spans

    def holds(self, hour: str, namespace: str, offset: int) -> bool:
        """Whether the record of an hour and namespace at an offset is in an object."""
        spans = self._spans.get((hour, namespace), ())
        return any(first <= offset <= last for first, last in spans)

    def forget(self, behind: int) -> None:
        """Spans that end below an offset do not matter any more."""
        for key, spans in list(self._spans.items()):
            kept = [span for span in spans if span[1] >= behind]
            if kept:
                self._spans[key] = kept
            else:
                del self._spans[key]
