"""Whether destinations hold what the ledger says that they were given."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from deploy.archive.catalog import is_raw
from deploy.audit.archives import ArchiveCheck
from deploy.audit.core.book import Book
from deploy.audit.core.documents import Expected, compare
from deploy.audit.core.file import File
from deploy.audit.core.judge import where
from deploy.audit.core.outcomes import distinct, topics_named
from deploy.audit.core.picture import Picture
from deploy.audit.core.result import Audit, Problem, Wish
from deploy.audit.documents import Documents, Target, targets
from deploy.audit.letters import letters_of
from deploy.audit.suspicions import replay_command
from deploy.audit.waiting import waiting_of
from schemas.settings import ObjectStorageSink
from schemas.settings.days import days

if TYPE_CHECKING:
    from deploy.audit.ledger import Ledger
    from schemas.settings import Settings

LOOKED_AT_MAX: Final = 500
"""So many files that differ are looked at chunk by chunk."""
DAY_NANOS: Final = 86_400_000_000_000

Shown = Callable[[Iterable[Any], str], Iterator[Any]]


class Verification:
    """Counts, and compares with the book."""

    def __init__(
        self,
        settings: Settings,
        wish: Wish,
        book: Book,
        picture: Picture,
        ledger: Ledger,
        answer: Audit,
    ) -> None:
        self._settings = settings
        self._wish = wish
        self._book = book
        self._picture = picture
        self._ledger = ledger
        self._answer = answer

    def run(self, shown: Shown) -> None:
        """Add what is found to the answer. Raises LogferryError."""
        for target in targets(self._settings, self._topics()):
            self._verify_documents(target, shown)
        for name, sink in self._settings.sinks.items():
            if isinstance(sink, ObjectStorageSink):
                self._verify_objects(name)

    def _verify_objects(self, name: str) -> None:
        told = self._book.objects.get(f"sink/{name}", {})
        archive = ArchiveCheck(self._settings, name, told, self._wish, time.time())
        self._answer.problems += archive.run()
        self._answer.verified[name] = archive.compared
        if archive.unnamed:
            text = f"{name}: {archive.unnamed} objects are in no manifest: `logferry archive ls --check` names them"
            self._answer.notes.append(text)

    def _topics(self) -> set[str]:
        """All that records were routed to."""
        sums = (sums for file in self._book.files.values() for sums in file.account.sums.values())
        return {topic for each in sums for topic in topics_named(each)} | {topic for _, topic, _ in self._book.chains}

    # -- Elasticsearch -------------------------------------------------------------------------------------------------

    def _verify_documents(self, target: Target, shown: Shown) -> None:
        waiting = waiting_of(self._settings, target)
        if waiting is None:
            self._answer.notes.append(f"{target.name}: too much is on its way to be verified; ask again later")
            return
        letters = letters_of(self._settings, target.stages)
        expected = {
            name: distinct(file.account.total(), target.topics) - len(letters.get(name, ()))
            for name, file in self._book.files.items()
            if not file.is_old
        }
        with Documents(target) as index:
            differing = self._differing(index.counts(), expected, shown)
            self._answer.verified[target.name] = sum(expected.values())
            if differing:
                self._look_closer(target, index, differing, letters, waiting)

    def _differing(self, counts: Iterator[tuple[str, int]], expected: dict[str, int], shown: Shown) -> list[str]:
        seen: set[str] = set()
        found: list[str] = []
        for incarnation, count in shown(counts, "files in Elasticsearch"):
            if incarnation in expected:
                seen.add(incarnation)
                if count != expected[incarnation]:
                    found.append(incarnation)
        return sorted(found + [name for name, count in expected.items() if count > 0 and name not in seen])

    def _look_closer(
        self,
        target: Target,
        index: Documents,
        differing: list[str],
        letters: Mapping[str, set[int]],
        waiting: Mapping[str, set[int]],
    ) -> None:
        """Chunk by chunk."""
        if len(differing) > LOOKED_AT_MAX:
            self._answer.notes.append(
                f"{target.name}: {len(differing)} files differ; {LOOKED_AT_MAX} of them were looked at chunk by chunk"
            )
            differing = differing[:LOOKED_AT_MAX]
        left = [each for each in differing if each not in self._book.told]
        self._book.wants_whole(frozenset(left))
        for entry in self._ledger.again(left):
            self._book.take_again(entry)
        self._book.settle()
        for name in differing:
            file = self._book.files[name]
            chunks = compare(
                Expected.of(self._book.told.get(name, []), self._book.shadowed.get(name, []), target.topics),
                letters.get(name, set()),
                waiting.get(name, set()),
                partial(index.count_ranges, name),
            )
            for chunk, amount in chunks:
                observed = self._book.observed.get((name, chunk.start), 0)
                if amount > 0 or not _has_expired(target, observed):
                    origin = self._has_raw_archive()
                    problem = _document_problem(target, file, chunk, amount, observed, from_archive=origin)
                    self._answer.problems.append(problem)

    def _has_raw_archive(self) -> bool:
        sinks = self._settings.sinks.items()
        return any(isinstance(sink, ObjectStorageSink) and is_raw(self._settings)(name, sink) for name, sink in sinks)


def _has_expired(target: Target, observed: int) -> bool:
    """Whether retention may have removed the documents of a chunk."""
    kept = target.sink.retention
    return kept is not None and time.time_ns() - observed > (days(kept) - 1) * DAY_NANOS


def _document_problem(
    target: Target, file: File, chunk: Expected, amount: int, observed: int, *, from_archive: bool
) -> Problem:
    place = f"{where(file)}, bytes {chunk.start} to {chunk.end}"
    if amount > 0:
        text = f"{target.name} has {amount} documents more than the {chunk.high} that the chunk's records are"
        return Problem("extra_document", place, text, "look at them: somebody else writes into these indices")
    names = file.names
    container = {"namespace": names.namespace, "pod": names.pod, "name": names.container} if names else None
    text = f"{target.name} lacks {-amount} of the chunk's {chunk.high} documents"
    return Problem("missing_document", place, text, replay_command(observed, container, raw=not from_archive))
