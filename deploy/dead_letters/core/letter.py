r"""One record of logs.dead-letter: a letter, or a mark that says which letters were sent again.

::

    stage      reason                   topic      partition:offset  original
    stream     unreadable_framing       logs.raw   3:42              b"no timestamp at all"
    sink/logs  rejected_by_destination  logs.app   0:1187            b"\xc3\x01…"
    redrive    sent_again               (its own)  3:17              b"[17, 18, 40]"      a mark
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from schemas.codec import Codec, Undecodable

MARK_STAGE: Final = "redrive"
MARK_REASON: Final = "sent_again"
UNREADABLE: Final = "unreadable_letter"
"""Reason shown for a record of the topic that is no letter itself."""
STREAM: Final = "stream"


@dataclass(frozen=True)
class Letter:
    """A letter and where it stands in its topic."""

    partition: int
    offset: int
    key: bytes
    fields: dict[str, Any]
    """As in schemas/avro/dead_letter; of a record that is no letter, what can be said about it."""

    @property
    def place(self) -> str:
        """``partition:offset``, by which people name it."""
        return f"{self.partition}:{self.offset}"

    @property
    def is_readable(self) -> bool:
        """Whether it is a letter at all."""
        return bool(self.fields["reason"] != UNREADABLE)

    @property
    def is_of_stream(self) -> bool:
        """Raw bytes that streams could not read; otherwise a value that a sink could not deliver."""
        return bool(self.fields["stage"] == STREAM)

    @property
    def original(self) -> bytes:
        """The bytes as they were read."""
        content: bytes = self.fields["original"]
        return content


@dataclass(frozen=True)
class Mark:
    """Letters of one partition that were sent again."""

    partition: int
    offsets: frozenset[int]


Found: TypeAlias = Letter | Mark


def read_found(codec: Codec, partition: int, offset: int, written_at: int, key: bytes, value: bytes) -> Found:
    """What a record of the topic is; ``written_at`` in nanoseconds since 1970. Never raises on input."""
    fields = codec.decode(value)
    if isinstance(fields, Undecodable):
        return Letter(partition, offset, key, _unreadable(fields, partition, offset, written_at, value))
    if fields["stage"] == MARK_STAGE:
        return Mark(partition, _offsets(fields["original"]))
    return Letter(partition, offset, key, fields)


def _unreadable(problem: Undecodable, partition: int, offset: int, written_at: int, value: bytes) -> dict[str, Any]:
    return {
        "stage": "unknown",
        "reason": UNREADABLE,
        "message": problem.message,
        "source_id": None,
        "incarnation": None,
        "offset": None,
        "topic": "",
        "partition": partition,
        "topic_offset": offset,
        "topic_timestamp": None,
        "headers": {},
        "failed_at": written_at,
        "redacted": False,
        "original": value,
    }


def mark_of(topic: str, partition: int, offsets: Sequence[int], now: int) -> dict[str, Any]:
    """The value of a mark over letters of one partition; ``now`` in nanoseconds since 1970."""
    return {
        "stage": MARK_STAGE,
        "reason": MARK_REASON,
        "message": f"{len(offsets)} letters were sent again",
        "topic": topic,
        "partition": partition,
        "topic_offset": min(offsets),
        "failed_at": now,
        "original": json.dumps(sorted(offsets), separators=(",", ":")).encode(),
    }


def _offsets(content: bytes) -> frozenset[int]:
    """What a mark covers; one that nobody can read covers nothing."""
    try:
        found = json.loads(content)
    except ValueError:
        return frozenset()
    return frozenset(each for each in found if isinstance(each, int)) if isinstance(found, list) else frozenset()
