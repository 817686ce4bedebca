"""What a replay will do: its period, where it reads, where it sends, and who works on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from deploy.replay.request import NANOS, RAW, REPLAY, Request, moment, shown
from deploy.replay.saved import Saved
from producers.core.replay.period import Period, Wanted
from producers.replay.found import Chunk, Overview, Step, Trouble
from schemas.errors import SettingsError
from schemas.patterns import compile_patterns
from schemas.replay import RECORD
from schemas.settings import ObjectStorageSink

if TYPE_CHECKING:
    from schemas.settings import Settings

MARGIN_SECS: Final = 5.0
MULTILINE_SECS: Final = 1.0
"""As long as a rule says nothing else (`streams.core.treatment`)."""


class Reader(Protocol):
    """An archive, or logs.raw."""

    def overview(self, wanted: Wanted) -> Overview:
        """What there is."""

    def read(self, wanted: Wanted, position: str = "") -> Iterator[Step]:
        """All of it, from a position on."""


@dataclass(frozen=True)
class Options:
    """How it is done; of no consequence for what comes out."""

    rate: float = 0.0
    """Bytes a second; 0: as many as there are."""
    workers: int = 1
    late_secs: float = 600.0
    again: bool = False


def context_secs(settings: Settings) -> float:
    """How far a record can reach: so long it waits for its rest, whatever it is."""
    waits = [each.timeout_secs or 0.0 for each in settings.multiline if hasattr(each, "timeout_secs")]
    return max(settings.stream.join_timeout_secs, MULTILINE_SECS, *waits) + MARGIN_SECS


def raw_archive(settings: Settings, name: str | None) -> tuple[str, ObjectStorageSink]:
    """The sink that archives logs.raw, and its name. Raises SettingsError."""
    raw = settings.topics.names.raw
    found = {
        key: sink for key, sink in settings.sinks.items() if isinstance(sink, ObjectStorageSink) and raw in sink.topics
    }
    if name is not None and name not in found:
        is_there = name in settings.sinks
        raise SettingsError(
            f"sink {name} archives no {raw}" if is_there else f"there is no sink {name!r}",
            where="--sink",
            remedy=f"choose one of: {', '.join(found) or 'none; none of the sinks archives ' + raw}",
        )
    if not found:
        raise SettingsError(
            f"no sink archives {raw}, so there is nothing to replay from",
            where="sinks in the settings",
            remedy=f"--from kafka reads what {raw} still has. For the future: a sink of type object_storage with "
            f"topics: [{raw}, {settings.topics.names.pods}] and format: avro",
        )
    if name is None and len(found) > 1:
        raise SettingsError(f"several sinks archive {raw}", where="--sink", remedy=f"choose one of: {', '.join(found)}")
    chosen = name or next(iter(found))
    return chosen, found[chosen]


def settle_secs(settings: Settings, request: Request) -> float:
    """So long after its end a period is complete: records have their rest, and the archive its objects."""
    context = context_secs(settings)
    if request.origin == "kafka":
        return context
    return context + raw_archive(settings, request.sink)[1].object_max_age_secs + MARGIN_SECS


def begin(request: Request, settings: Settings, now: float) -> Saved:
    """The period as it is understood now. Raises SettingsError."""
    compile_patterns(request.match)
    since = moment(request.since, "--since", now)
    if request.until is None:
        until = int((now - settle_secs(settings, request)) * 1000) * 1_000_000
    else:
        until = moment(request.until, "--until", now)
    if until <= since:
        latest = "; the newest lines are not complete yet, and --until is before them" if request.until is None else ""
        raise SettingsError(
            f"nothing lies between {shown(since)} and {shown(until)}{latest}",
            where="--since and --until",
            remedy="choose an earlier --since; with --until now it waits until the newest lines are complete",
        )
    return Saved(since, until, request.match)


def wanted_of(saved: Saved, context: float) -> Wanted:
    """What is looked for."""
    return Wanted(Period(saved.since, saved.until, int(context * NANOS)), compile_patterns(saved.match))


def target_topic(request: Request, settings: Settings) -> str:
    """The topic that it sends to."""
    names = settings.topics.names
    return {REPLAY: names.replay, RAW: names.raw}.get(request.target, request.target)


def run_name(request: Request, saved: Saved) -> str:
    """The name of one beginning of a replay; its chunks carry it."""
    return f"{request.id}.{saved.number}"


def group_beginning(settings: Settings) -> str:
    """How the names of all groups of replays begin."""
    return f"{settings.stream.group}-replay-"


def wait_secs(saved: Saved, settle: float, now: float | None = None) -> float:
    """How long to wait until the period is complete."""
    return max(0.0, saved.until / NANOS + settle - (time.time() if now is None else now))


@dataclass
class Census:
    """What a replay would send."""

    objects: int = 0
    chunks: int = 0
    """Whose records are wanted."""
    context_chunks: int = 0
    bytes: int = 0
    sources: set[str] = field(default_factory=set)
    first: float = float("inf")
    last: float = 0.0
    """Times of the chunks that are wanted, in seconds since 1970."""
    troubles: list[Trouble] = field(default_factory=list)

    def take(self, step: Step) -> None:
        """One more."""
        match step:
            case Chunk():
                self.bytes += len(step.value)
                if step.role != RECORD:
                    self.context_chunks += 1
                    return
                self.chunks += 1
                self.sources.add(step.source)
                self.first, self.last = min(self.first, step.seconds), max(self.last, step.seconds)
            case Trouble():
                self.troubles.append(step)

    def rows(self, request: Request, saved: Saved, topic: str, context: float) -> dict[str, Any]:
        """What `--dry-run` says."""
        return {
            "replay": run_name(request, saved),
            "from": request.origin,
            "since": shown(saved.since),
            "until": shown(saved.until),
            "match": saved.match,
            "to": topic,
            **({"objects": self.objects} if request.origin == "archive" else {}),
            "chunks": self.chunks,
            "bytes": self.bytes,
            "sources": len(self.sources),
            "first": shown(int(self.first) * NANOS) if self.chunks else None,
            "last": shown(int(self.last) * NANOS) if self.chunks else None,
            "context_secs": context,
            "context_chunks": self.context_chunks,
        }
