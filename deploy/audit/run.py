"""The whole audit: a picture of Kafka, the ledger, the chunks behind every suspicion, and the destinations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from deploy.audit.core.book import Book
from deploy.audit.core.judge import (
    Suspicion,
    holes_of,
    imprecise,
    is_silent,
    losses,
    skipped,
    unbalanced,
    undecided,
)
from deploy.audit.core.picture import STREAM, Picture
from deploy.audit.core.result import Audit, Problem, Wish
from deploy.audit.core.rows import by_container, by_hour, by_namespace, by_node, merged, rows
from deploy.audit.ledger import Ledger
from deploy.audit.questions import take_picture
from deploy.audit.suspicions import RawChunks, SkippedChunk, Suspicions, partition_of, skipped_problem
from deploy.audit.verify import Verification
from deploy.moment import nanos
from runtime.kafka import check_reachable
from schemas.globs import compile_globs
from schemas.settings import JournaldInput

if TYPE_CHECKING:
    from schemas.settings import Settings

__all__ = ["Audit", "Problem", "Wish", "audit"]

T = TypeVar("T")
Shown = Callable[[Iterable[T], str], Iterator[T]]
"""Shows how far a long loop is."""


def _silent(things: Iterable[T], _what: str) -> Iterator[T]:
    yield from things


def audit(settings: Settings, wish: Wish = Wish(), shown: Shown[object] = _silent) -> Audit:  # noqa: B008 - frozen
    """What became of every line. Raises LogferryError. ``shown``: as `deploy.cli.progress.shown`."""
    check_reachable(settings.kafka)
    picture = take_picture(settings, since=wish.since is not None)
    book = Book(
        picture,
        hours=wish.hours,
        wanted=compile_globs(wish.namespaces) if wish.namespaces else None,
        journals=[each.path for each in settings.inputs.values() if isinstance(each, JournaldInput) and each.path],
    )
    answer = Audit()
    with Ledger(settings, None if wish.since_secs is None else nanos(wish.since_secs)) as ledger:
        read_ledger(ledger, book, shown)
        answer.entries = book.entries
        answer.problems += [
            Problem("unreadable_entry", settings.topics.names.ledger, f"{count} entries: {text}", "")
            for text, count in sorted(ledger.unreadable.items())
        ]
        pending = _judge(settings, book, picture, answer)
        if wish.verify:
            Verification(settings, wish, book, picture, ledger, answer).run(shown)
    _add_rows(answer, book, pending, wish)
    return answer


def read_ledger(ledger: Ledger, book: Book, shown: Shown[object] = _silent) -> None:
    """Fill a book, by as many readings as it takes. Raises TemporaryError."""
    ends = book.picture.ledger_ends
    for read in shown(ledger.entries(), "entries of the ledger"):
        book.take(read.entry, before=read.offset < ends.get(read.partition, 0))  # type: ignore[attr-defined]
    if wanted := book.wants():
        for entry in shown(ledger.again(wanted), "entries of the ledger, again where ranges overlap"):
            book.take_again(entry)  # type: ignore[arg-type]
        book.settle()


def _judge(settings: Settings, book: Book, picture: Picture, answer: Audit) -> dict[str, int]:
    """Problems of the ledger alone; returns bytes of each incarnation that logs.raw has and nobody told of."""
    now = time.time_ns()
    pending: dict[str, int] = {}
    doubtful: list[Suspicion] = []
    for file in book.files.values():
        holes, on_its_way = holes_of(file, picture, partition_of(file.source, picture.partitions))
        doubtful += [Suspicion(file, hole) for hole in holes]
        if on_its_way:
            pending[file.incarnation] = on_its_way
    with RawChunks(settings) as chunks:
        answer.problems += _of_chunks(book, picture, chunks, doubtful, answer)
    answer.problems += [*undecided(book, picture), *unbalanced(book)]
    answer.lost, answer.at_risk = losses(book, now)
    answer.notes += [*_beginning(book, picture), *imprecise(book)]
    answer.pending = _pending(book, picture, pending, now)
    return pending


def _of_chunks(
    book: Book, picture: Picture, chunks: RawChunks, doubtful: list[Suspicion], answer: Audit
) -> Iterator[Problem]:
    missed: list[SkippedChunk] = []
    for each in chunks.skipped(skipped(book, picture)):
        if isinstance(each, Problem):
            yield each
        elif not _is_mended(book, each):
            missed.append(each)
            yield skipped_problem(each, picture.raw)
    suspicions = Suspicions(book, chunks, missed)
    for suspicion in doubtful:
        if (problem := suspicions.judge(suspicion)) is not None:
            yield problem
    if suspicions.unknown:
        answer.notes.append(
            f"{suspicions.unknown} holes before chunks that logs.raw does not have any more: such a chunk could have "
            "told of a gap (overflow, start_at_end), so nothing is said about them"
        )


def _is_mended(book: Book, each: SkippedChunk) -> bool:
    """Whether a replay, or a producer that sent it again, has made good for a skipped chunk."""
    if each.chunk is None:
        return False
    container = each.chunk["source"]["container"]
    if not book.is_wanted(container["namespace"] if container else ""):
        return True
    file = book.files.get(each.chunk["incarnation"].hex())
    return file is not None and file.told.covers(*each.span)


def _beginning(book: Book, picture: Picture) -> Iterator[str]:
    if book.has_old:
        yield (
            "some entries are of an older version, without names, topics and offsets: skipped chunks and undecided "
            "offsets are looked for only from the first newer entry on, and files that older entries are about are "
            "not verified"
        )
    elif not picture.is_whole:
        yield "the ledger is not read from its beginning: what came before its first entry of a file is not looked for"


def _pending(book: Book, picture: Picture, told: dict[str, int], now: int) -> dict[str, int]:
    unread = sum(file.unread() for file in book.files.values() if not is_silent(book, file, now))
    found = {"node": unread, "told": sum(told.values()), "raw": picture.lag(STREAM)}
    return found | {stage: picture.lag(stage) for stage in picture.read if stage != STREAM}


def _add_rows(answer: Audit, book: Book, pending: dict[str, int], wish: Wish) -> None:
    answer.namespaces = rows(book, pending, by_namespace)
    answer.containers = rows(book, pending, by_container)
    answer.nodes = rows(book, pending, by_node)
    answer.hours = rows(book, pending, by_hour) if wish.hours else []
    answer.total = merged(answer.namespaces)
