"""Where the accounts do not balance. What may still be on its way is pending, and no problem.

A hole in a file's bytes, or in the offsets of logs.raw, is a suspicion first: whoever has the chunks looks what they
say (`deploy.audit.suspicions`), for a chunk knows of gaps that nobody else does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from deploy.audit.core.account import Account
from deploy.audit.core.book import Book
from deploy.audit.core.file import CLOCKS_NANOS, File
from deploy.audit.core.outcomes import decided
from deploy.audit.core.picture import STREAM, Picture
from deploy.audit.core.ranges import Hole
from deploy.audit.core.result import Lost, Problem

AT_RISK_NANOS = 600_000_000_000
"""A node whose producer has written nothing for so long may not come back: twenty times the usual interval."""


@dataclass(frozen=True)
class Suspicion:
    """Bytes of a file that nothing explains so far."""

    file: File
    hole: Hole


class Skipped(NamedTuple):
    """Offsets of logs.raw that the stream's group is past and nobody told of."""

    partition: int
    start: int
    end: int


def where(file: File) -> str:
    """A file for a person."""
    names = file.names
    of = "/".join(each for each in (names.namespace, names.pod, names.container) if each) if names else ""
    told = file.path or of or file.source
    return (
        f"{told} (incarnation {file.incarnation})"
        if not (file.path and of)
        else (f"{file.path} ({of}, incarnation {file.incarnation})")
    )


# -- files -------------------------------------------------------------------------------------------------------------


def holes_of(file: File, picture: Picture, partition: int) -> tuple[list[Hole], int]:
    """What is not explained and can no longer come; and how many bytes may still come, which Kafka has."""
    doubtful: list[Hole] = []
    pending = 0
    for hole in file.holes(is_whole=picture.is_whole):
        border = min(hole.end, _settled_until(file, picture, partition))
        if border > hole.start:
            doubtful.append(hole._replace(end=border, mark=hole.mark if border == hole.end else None))
        pending += hole.end - max(hole.start, border)
    return doubtful, pending


def _settled_until(file: File, picture: Picture, partition: int) -> int:
    """What lies below was in logs.raw, and the stream's group is past it."""
    sent = file.sent_before
    if sent is None:
        return file.committed_end
    waits_since = picture.waits_since.get(partition)
    if waits_since is None or sent.written_at + CLOCKS_NANOS < waits_since:
        return max(file.committed_end, sent.end)
    return file.committed_end


def losses(book: Book, now: int) -> tuple[list[Lost], list[Lost]]:
    """What is lost, and what is unread on nodes that say nothing any more; ``now`` in nanoseconds since 1970."""
    lost: list[Lost] = []
    at_risk: list[Lost] = []
    for file in book.files.values():
        lost += [_lost(file, each.start, each.end, each.reason, each.open_end, each.detail) for each in file.lost()]
        if file.left is not None and is_silent(book, file, now):
            at_risk += [_lost(file, each.start, each.end, "unread") for each in file.unread_ranges()]
    return sorted(lost, key=_by_path), sorted(at_risk, key=_by_path)


def is_silent(book: Book, file: File, now: int) -> bool:
    """Whether a file's node has said nothing for long."""
    return now - book.nodes.get(file.names.node if file.names else "", 0) > AT_RISK_NANOS


def _lost(file: File, start: int, end: int, reason: str, open_end: bool = False, detail: str = "") -> Lost:  # noqa: FBT001, FBT002
    names = file.names
    node, namespace = (names.node, names.namespace) if names else ("", "")
    return Lost(file.path, node, namespace, file.incarnation, start, end, reason, open_end, detail)


def _by_path(each: Lost) -> tuple[str, str, int]:
    return each.path, each.incarnation, each.start


# -- chunks and offsets ------------------------------------------------------------------------------------------------


def skipped(book: Book, picture: Picture) -> Iterator[Skipped]:
    """Offsets of logs.raw without an entry, as far as the topic has them."""
    for topic, partition in picture.read.get(STREAM, ()):
        position = picture.committed.get(STREAM, {}).get((topic, partition), 0)
        start = picture.bounds.get((topic, partition), (0, 0))[0]
        told = book.chunks[partition]
        if not _knows_beginning(book, picture):
            start = max(start, told.starts[0]) if told.starts else position
        for hole in told.holes(start, position):
            yield Skipped(partition, hole.start, hole.end)


def _knows_beginning(book: Book, picture: Picture) -> bool:
    """Whether the ledger tells of everything that Kafka has."""
    return picture.is_whole and not book.has_old


def undecided(book: Book, picture: Picture) -> Iterator[Problem]:
    """Offsets that sinks are past without having said what became of them."""
    for stage, partitions in picture.read.items():
        if stage == STREAM:
            continue
        for each in partitions:
            chain = book.chains.get((stage, *each))
            position = picture.committed.get(stage, {}).get(each, 0)
            yield from _undecided(stage, each, chain or Account(), position, book, picture)


def _undecided(
    stage: str, partition: tuple[str, int], chain: Account, position: int, book: Book, picture: Picture
) -> Iterator[Problem]:
    oldest = picture.bounds.get(partition, (0, 0))[0]
    told = chain.ranges
    begin = told.starts[0] if told.starts else position
    if _knows_beginning(book, picture):
        begin = min(begin, oldest)
    name = stage.removeprefix("sink/")
    place = f"sink {name}, {partition[0]} partition {partition[1]}"
    for hole in told.holes(begin, position):
        gone = min(hole.end, max(hole.start, oldest))
        if gone > hole.start:
            text = f"offsets {hole.start} to {gone - 1} expired in the topic before the sink read them"
            yield Problem(
                "expired_records", place, text, "keep the topic longer, or the sink up; replay what is missing"
            )
        if hole.end > gone:
            text = f"offsets {gone} to {hole.end - 1}: the group is past them, and nobody says what became of them"
            remedy = f"stop the sink and set its group back to offset {gone}: what is there already is not doubled"
            yield Problem("undecided_offsets", place, text, remedy)


def unbalanced(book: Book) -> Iterator[Problem]:
    """Chunks whose lines do not add up."""
    for entry in book.unbalanced:
        told = decided(entry["outcomes"])
        place = f"incarnation {entry['incarnation']}, bytes {entry['start']} to {entry['end']}"
        text = f"{entry['lines']} lines, and of {told} it is told what became of them: {dict(entry['outcomes'])}"
        yield Problem("unbalanced_chunk", place, text, "this is a defect of logferry: report it with this line")


def imprecise(book: Book, told: Callable[[File], str] = where) -> Iterator[str]:
    """Ranges that are told twice and cannot be told apart."""
    for file in book.files.values():
        if file.account.doubled:
            yield (
                f"{told(file)}: {file.account.doubled} bytes are told twice in pieces that do not fit together; "
                "its lines are counted with them"
            )
    for (stage, topic, partition), chain in book.chains.items():
        if chain.doubled:
            yield f"{stage}, {topic} partition {partition}: {chain.doubled} offsets are told twice and counted twice"
