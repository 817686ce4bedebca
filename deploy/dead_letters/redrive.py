"""Sending letters through the pipeline again.

A batch of letters is worked out, sent, confirmed by Kafka, told in the ledger, and only then marked as sent in the
dead-letter topic. Who is stopped in between sends that batch once more the next time, with the same ids, so that
nothing is doubled; of entries about the same line the latest counts.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from deploy.dead_letters.again import Made, StreamStage, Worked
from deploy.dead_letters.core.entries import Value, entry_of, run_name
from deploy.dead_letters.core.letter import Letter
from deploy.dead_letters.core.origin import Origin, Origins
from deploy.dead_letters.core.ways import Want, headers_again, rebuilt_chunk, want_of_chunk, want_of_record
from deploy.dead_letters.raw import Place, RawTopics
from deploy.dead_letters.sending import Sending
from schemas.codec import Codec, Undecodable
from streams.core.account import Place as ToldPlace
from streams.core.account import entry_of_unreadable

if TYPE_CHECKING:
    from schemas.settings import Settings

BATCH_LETTERS: Final = 500
BATCH_BYTES: Final = 16 * 1024 * 1024

FROM_RAW: Final = "read again from logs.raw"
AS_REFUSED: Final = "sent as it was refused"
REBUILT: Final = "rebuilt from the letter"
FAILED_AGAIN: Final = "failed again: a new letter"
NOTHING: Final = "no record of its own: dropped by the rules, or part of an earlier one"
IMPOSSIBLE: Final = "cannot be sent"
SENT: Final = (FROM_RAW, AS_REFUSED, REBUILT, FAILED_AGAIN)
"""Outcomes after which a letter is done with."""


@dataclass
class Report:
    """What became of letters."""

    outcomes: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    """Values by topic."""
    problems: Counter[str] = field(default_factory=Counter)
    """Why letters cannot be sent, and what is lost with those that are."""

    @property
    def letters(self) -> int:
        """All that were looked at."""
        return self.outcomes.total()


class Redrive:
    """One run."""

    def __init__(self, settings: Settings, *, dry_run: bool, rate: float | None = None) -> None:
        """``rate``: letters a second. Raises TemporaryError or SettingsError."""
        self.report = Report()
        self._run = run_name(time.time_ns())
        self._entries: list[dict[str, Any]] = []
        """For the ledger, of the batch that is worked on."""
        self._raw_topic = settings.topics.names.raw
        self._dead_letter = settings.topics.names.dead_letter
        self._rate = rate
        self._origins = Origins()
        self._records, self._chunks = Codec("log_record"), Codec("raw_chunk")
        self._stage = StreamStage(settings)
        self._raw = RawTopics(settings)
        self._sending = None if dry_run else Sending(settings)

    def run(self, letters: Iterable[Letter], progress: Callable[[int], None]) -> Report:
        """Send all letters; ``progress`` is told how many are done. Raises what `Sending.settle` raises."""
        began = time.monotonic()
        for batch in _batches(letters):
            sent = [letter for letter, outcome in self._work(batch) if outcome in SENT]
            if self._sending is not None:
                self._sending.settle()
                self._sending.tell(self._entries)
                self._sending.mark(sent)
            self._entries.clear()
            progress(self.report.letters)
            if self._rate and self._sending is not None:
                time.sleep(max(0.0, began + self.report.letters / self._rate - time.monotonic()))
        return self.report

    def _work(self, batch: list[Letter]) -> Iterator[tuple[Letter, str]]:
        """Each letter with its outcome, while what comes of it goes out."""
        origins = {letter.place: self._origins.of(letter) for letter in batch}
        refused = [letter for letter in batch if not letter.is_of_stream and letter.is_readable]
        records = [each for each in refused if each.fields["topic"] != self._raw_topic]
        places = self._raw.locate((each, origins[each.place]) for each in records)
        alone: list[Letter] = []
        chunks: defaultdict[Place, list[Letter]] = defaultdict(list)
        for letter in batch:
            place = _coordinates(letter) if letter.is_of_stream else places.get(letter.place)
            if place is None:
                alone.append(letter)
            else:
                chunks[place].append(letter)
        for place in sorted(chunks):
            yield from self._through_chunk(place, chunks[place], origins)
        for letter in alone:
            yield letter, self._as_it_is(letter, origins[letter.place])

    # -- by the raw bytes ----------------------------------------------------------------------------------------------

    def _through_chunk(
        self, place: Place, letters: list[Letter], origins: Mapping[str, Origin]
    ) -> Iterator[tuple[Letter, str]]:
        value = self._raw.value(place)
        found = None if value is None else self._stage.unreadable(value, place.partition, place.offset)
        if isinstance(found, dict) and all(_is_of(found, origins[each.place]) for each in letters):
            following = self._raw.following(place, found["source"]["id"])
            wants = [self._want(each, origins[each.place], found) for each in letters]
            chunks = chain([(place.offset, found)], following)
            yield from self._sorted(self._stage.work(place.partition, chunks, wants), FROM_RAW)
        elif isinstance(found, Made):
            for each in letters:
                self._send([found])
                told = entry_of_unreadable(None, ToldPlace(*place), time.time_ns(), self._run)
                self._entries.append(told)
                yield each, self._count(FAILED_AGAIN)
        else:
            for each in letters:
                yield each, self._without_chunk(each, origins[each.place], place)

    @staticmethod
    def _want(letter: Letter, origin: Origin, chunk: dict[str, Any]) -> Want:
        return want_of_chunk(letter, origin, chunk) if letter.is_of_stream else want_of_record(letter, origin)

    def _sorted(self, results: list[Worked], outcome: str) -> Iterator[tuple[Letter, str]]:
        seen: set[tuple[str, bytes]] = set()
        for want, made, work in results:
            for_it = _where_it_was_refused(want.letter, made)
            self._send([each for each in for_it if (each.topic, each.value) not in seen])
            seen |= {(each.topic, each.value) for each in for_it}
            if for_it and want.letter.is_of_stream:
                values = [Value(each.topic, each.position, each.reason) for each in for_it]
                self._entries.append(entry_of(want, values, work, self._run, time.time_ns()))
            failed = bool(for_it) and all(each.topic == self._dead_letter for each in for_it)
            yield want.letter, self._count(FAILED_AGAIN if failed else outcome if for_it else NOTHING)

    # -- without them --------------------------------------------------------------------------------------------------

    def _without_chunk(self, letter: Letter, origin: Origin, place: Place) -> str:
        """The chunk is gone."""
        if not letter.is_of_stream:
            return self._as_it_is(letter, origin)
        if origin.position is None:
            if letter.fields["redacted"]:
                return self._impossible("logs.raw does not have its chunk any more, and the letter has redacted bytes")
            chunk = self._stage.unreadable(letter.original, place.partition, place.offset)
            if isinstance(chunk, Made):
                return self._impossible("logs.raw does not have its chunk any more, and it is still unreadable")
        else:
            sibling = self._raw.sibling(origin.source_id, place.partition)
            rebuilt = rebuilt_chunk(letter, origin, sibling)
            if isinstance(rebuilt, str):
                return self._impossible(rebuilt)
            if sibling is None:
                self.report.problems["sent, but node, path and pod are lost: no chunk of the source is left"] += 1
            chunk = rebuilt
        want = want_of_chunk(letter, origin, chunk)
        results = self._stage.work(place.partition, [(place.offset, chunk)], [want])
        return next(outcome for _, outcome in self._sorted(results, REBUILT))

    def _as_it_is(self, letter: Letter, origin: Origin) -> str:
        """A value that a sink refused, into the topic that it came from."""
        topic = letter.fields["topic"]
        if not letter.is_readable or not topic:
            return self._impossible("it is no letter")
        if letter.fields["redacted"]:
            return self._impossible("logs.raw does not have its chunk any more, and the letter has redacted bytes")
        is_document = letter.original[:1] == b"{"  # no schema header begins like that
        headers = headers_again(letter, origin, is_document=is_document)
        problem = headers if isinstance(headers, str) else self._problem(letter, is_document=is_document)
        if problem or isinstance(headers, str):
            return self._impossible(problem)
        self._send([Made(topic, letter.key.decode(errors="replace"), letter.original, headers)])
        return self._count(AS_REFUSED)

    def _problem(self, letter: Letter, *, is_document: bool) -> str:
        """Why a value cannot be read by whoever gets it again; empty: it can."""
        if is_document:
            return ""
        codec = self._chunks if letter.fields["topic"] == self._raw_topic else self._records
        found = codec.decode(letter.original)
        return f"it is still unreadable: {found.message}" if isinstance(found, Undecodable) else ""

    # -- what came of it -----------------------------------------------------------------------------------------------

    def _impossible(self, why: str) -> str:
        self.report.problems[why] += 1
        return self._count(IMPOSSIBLE)

    def _count(self, outcome: str) -> str:
        self.report.outcomes[outcome] += 1
        return outcome

    def _send(self, made: Iterable[Made]) -> None:
        for each in made:
            self.report.records[each.topic] += 1
            if self._sending is not None:
                self._sending.send(each)

    def close(self) -> None:
        """Let go of the connections."""
        self._stage.close()
        self._raw.close()


def _coordinates(letter: Letter) -> Place:
    return Place(letter.fields["topic"], letter.fields["partition"], letter.fields["topic_offset"])


def _is_of(chunk: dict[str, Any], origin: Origin) -> bool:
    """Whether a chunk is the one that a letter is about: a topic may have been made anew."""
    return origin.incarnation is None or bool(chunk["incarnation"] == origin.incarnation)


def _where_it_was_refused(letter: Letter, made: list[Made]) -> list[Made]:
    """Of a record that one destination refused, only the topic that this one reads, if it still goes there."""
    same = [] if letter.is_of_stream else [each for each in made if each.topic == letter.fields["topic"]]
    return same or made


def _batches(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        batch.append(letter)
        size += len(letter.original)
        if len(batch) >= BATCH_LETTERS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
