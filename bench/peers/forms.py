"""What the records of a program are: how many lines one holds, and which lines those are.

Lines are those of deploy/demo/lines.py; each says from which source it is and which number it has. A record may hold
a line twice (as it was, and taken apart), so its first claim counts. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from schemas.codec import Codec

_SOURCE: Final = re.compile(rb"src\W{1,8}load-(\d{2,4})")
_SEQUENCE: Final = re.compile(rb"seq\W{1,5}(\d{1,12})")

Mark = tuple[int, int]
"""Number of the source and of the line."""


@dataclass(frozen=True)
class Form:
    """One kind of record."""

    name: str
    is_line: bool
    """A record is a line, so that counting records is counting lines."""
    split: Callable[[bytes], Iterable[bytes]]
    """The lines of a record, or pieces with one line each."""


@dataclass(frozen=True)
class Tally:
    """Which lines arrived."""

    expected: int
    missing: int
    doubled: int
    """Arrivals beyond the first of each line."""
    unwanted: int
    """Lines that should have been dropped, and what is no line at all."""

    @property
    def is_exact(self) -> bool:
        """Every line once and nothing else."""
        return not (self.missing or self.doubled or self.unwanted)


def mark(piece: bytes) -> Mark | None:
    """What a piece says of its line; None when it says nothing."""
    source, sequence = _SOURCE.search(piece), _SEQUENCE.search(piece)
    return (int(source[1]), int(sequence[1])) if source and sequence else None


def tally(pieces: Iterable[bytes], expected: set[Mark]) -> Tally:
    """Judge what arrived."""
    seen = Counter(map(mark, pieces))
    wanted = {each: times for each, times in seen.items() if each in expected}
    return Tally(
        expected=len(expected),
        missing=len(expected) - len(wanted),
        doubled=sum(wanted.values()) - len(wanted),
        unwanted=seen.total() - sum(wanted.values()),
    )


def _itself(value: bytes) -> Iterator[bytes]:
    yield value


def _chunk_lines(value: bytes) -> Iterator[bytes]:
    chunk = Codec("raw_chunk").decode(value)
    if isinstance(chunk, dict):
        yield from chunk["payload"].splitlines()


def _otlp_records(value: bytes) -> Iterator[bytes]:
    from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

    for resource in LogsData.FromString(value).resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield record.body.SerializeToString()


LINE: Final = Form("line", is_line=True, split=_itself)
CHUNK: Final = Form("chunk", is_line=False, split=_chunk_lines)
OTLP: Final = Form("otlp", is_line=False, split=_otlp_records)
