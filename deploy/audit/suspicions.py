"""What chunks themselves say about holes: whose a skipped chunk is, and which gaps are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from aiokafka.partitioner import murmur2
from confluent_kafka import Message

from deploy.audit.core.book import Book
from deploy.audit.core.file import Chunk
from deploy.audit.core.judge import Skipped, Suspicion, where
from deploy.audit.core.ranges import Hole
from deploy.audit.core.result import Problem
from deploy.dead_letters.reading import TopicReader
from schemas.codec import Codec, Undecodable
from schemas.replay import CONTEXT, replayed_of

if TYPE_CHECKING:
    from schemas.settings import Settings

READ_MAX: Final = 1000
"""So many chunks are looked at; of what is skipped beyond them offsets are told."""
_NUMBERED: Final = frozenset(("journald", "otlp", "otlp_json"))
"""Framings whose positions are numbers with gaps."""


@dataclass(frozen=True)
class SkippedChunk:
    """A chunk that nobody worked on."""

    partition: int
    offset: int
    chunk: dict[str, Any] | None
    """None: it cannot be read."""

    @property
    def span(self) -> tuple[int, int]:
        """Bytes of its file."""
        assert self.chunk is not None
        return self.chunk["offset"], self.chunk["offset"] + len(self.chunk["payload"])


def partition_of(source: str, partitions: int) -> int:
    """Where the chunks of a source are, as producers choose it."""
    return (murmur2(source.encode()) & 0x7FFFFFFF) % partitions if partitions else 0


class RawChunks:
    """Reads logs.raw here and there; use it in a ``with`` block."""

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.topics.names.raw
        self._reader = TopicReader(settings.kafka, self._topic)
        self._codec = Codec("raw_chunk")
        self._looked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def skipped(self, found: Iterable[Skipped]) -> Iterator[SkippedChunk | Problem]:
        """What stands at offsets that nobody told of. Raises TemporaryError."""
        for each in found:
            low, high = self._reader.bounds(each.partition)
            start, end = max(each.start, low), min(each.end, high)
            read = min(end, start + max(0, READ_MAX - self._looked))
            for record in self._reader.read(each.partition, start, read):
                self._looked += 1
                if (chunk := self._skipped(record)) is not None:
                    yield chunk
            if read < end:
                text = f"nobody worked on offsets {read} to {end - 1}, which the group is past"
                place = f"{self._topic} partition {each.partition}"
                yield Problem("skipped_chunk", place, text, "replay the time in which they came: `logferry replay`")

    def _skipped(self, record: Message) -> SkippedChunk | None:
        headers: Any = record.headers()
        replayed = replayed_of(headers)
        if replayed is not None and (replayed.is_mark or replayed.role == CONTEXT):
            return None
        found = self._codec.decode(record.value() or b"")
        chunk = None if isinstance(found, Undecodable) else found
        if chunk is not None and not chunk["payload"]:
            return None
        return SkippedChunk(record.partition() or 0, record.offset() or 0, chunk)

    def at(self, chunk: Chunk) -> dict[str, Any] | None:
        """The chunk at a place; None: it is not there any more."""
        low, high = self._reader.bounds(chunk.partition)
        if not low <= chunk.offset < high:
            return None
        for record in self._reader.read(chunk.partition, chunk.offset, chunk.offset + 1):
            found = self._codec.decode(record.value() or b"")
            return None if isinstance(found, Undecodable) else found
        return None


def skipped_problem(each: SkippedChunk, raw: str) -> Problem:
    """A chunk that was skipped."""
    place = f"{raw} partition {each.partition}, offset {each.offset}"
    if each.chunk is None:
        return Problem("skipped_chunk", place, "nobody worked on it, and it cannot be read", "look at it with a tool")
    source, (start, end) = each.chunk["source"], each.span
    container = source["container"]
    of = f"{container['namespace']}/{container['pod']}/{container['name']}" if container else source["kind"]
    text = (
        f"{each.chunk['path']} ({of} on {source['node']}), bytes {start} to {end} of incarnation "
        f"{each.chunk['incarnation'].hex()}: the group is past it, and nobody worked on it"
    )
    return Problem("skipped_chunk", place, text, replay_command(each.chunk["observed_timestamp"], container, raw=True))


def replay_command(observed: int, container: dict[str, Any] | None, *, raw: bool = False) -> str:
    """What sends a chunk again; ``observed`` in nanoseconds since 1970."""
    moment = datetime.fromtimestamp(observed // 1_000_000_000, UTC)
    since, until = (f"{each:%Y-%m-%dT%H:%M:%S}" for each in (moment - timedelta(seconds=1), moment + _AFTER))
    match = ""
    if container and container.get("namespace"):
        match = f" --match 'kube.{container['namespace']}.{container['pod']}.{container['name']}'"
    origin = "kafka" if raw else "archive"
    hint = "" if raw else " (or --from kafka, while logs.raw has it)"
    return f"logferry replay --from {origin} --since {since} --until {until}{match}{hint}"


_AFTER: Final = timedelta(seconds=2)


class Suspicions:
    """Holes in files, held against what chunks say."""

    def __init__(self, book: Book, chunks: RawChunks, skipped: Iterable[SkippedChunk]) -> None:
        self._chunks = chunks
        self._book = book
        self._looked = 0
        self._numbered: dict[str, bool] = {}
        """Source -> whether its positions have gaps by nature."""
        self._skipped: dict[str, list[tuple[int, int]]] = {}
        for each in skipped:
            if each.chunk is not None:
                self._skipped.setdefault(each.chunk["incarnation"].hex(), []).append(each.span)
        self.unknown = 0
        """Holes of which nobody can say any more whether they are gaps."""

    def judge(self, each: Suspicion) -> Problem | None:
        """A problem, if nothing explains the hole. Raises TemporaryError."""
        for start, end in self._skipped.get(each.file.incarnation, ()):
            if start <= each.hole.start and each.hole.end <= end:
                return None  # it is told of as a skipped chunk
        hole = each.hole
        if hole.mark is not None:
            verdict = self._by_chunk(each, hole)
            if verdict is None:
                return None
            if verdict == "gone" and each.file.sent is None:
                self.unknown += 1
                return None
        text = (
            f"{hole.end - hole.start} bytes, {hole.start} to {hole.end}, were read, and nobody says what became of them"
        )
        remedy = (
            "if logs.raw or a raw archive has them, `logferry replay` of that time; else look at the producer's log"
        )
        return Problem("unaccounted_bytes", where(each.file), text, remedy)

    def _by_chunk(self, each: Suspicion, hole: Hole) -> str | None:
        """None: the chunk behind the hole explains it; gone: it is not there any more; silent: it says nothing."""
        if self._numbered.get(each.file.source):
            return None
        if self._looked >= READ_MAX:
            return "gone"
        self._looked += 1
        chunk = self._chunks.at(hole.mark)
        if chunk is None:
            return "gone"
        self._numbered[each.file.source] = chunk["source"]["framing"] in _NUMBERED
        if self._numbered[each.file.source]:
            return None
        gap = chunk["gap"]
        return None if gap is not None and gap["start"] <= hole.start and chunk["offset"] >= hole.end else "silent"
