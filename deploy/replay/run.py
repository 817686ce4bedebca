"""Sends what is meant, sees to it that it is worked on, and says how it went."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from deploy.replay.children import Children, Stopped
from deploy.replay.groups import Backlog, Group, free, is_through
from deploy.replay.plan import Options, Reader, run_name
from deploy.replay.progress import Shown
from deploy.replay.request import RAW, REPLAY, Request
from deploy.replay.saved import COMPLETE, SENDING, SENT, Saved, Store
from producers.core.replay.period import Wanted
from producers.replay.found import Chunk, Passed, Trouble
from producers.replay.send import Sender
from schemas.errors import TemporaryError
from schemas.replay import END, FORGET_SECS, RECORD

if TYPE_CHECKING:
    from schemas.settings import Settings

SAVE_SECS: Final = 2.0
LOOK_SECS: Final = 0.5
AHEAD_MAX_BYTES: Final = 256 * 1024 * 1024
"""So much may lie in Kafka that workers have not finished: a month out of an archive must not fill the brokers."""
ALIVE_SECS: Final = FORGET_SECS / 5
TROUBLES_SHOWN: Final = 100
FREE_SECS: Final = 15.0


@dataclass
class Outcome:
    """How it went."""

    saved: Saved
    troubles: list[Trouble] = field(default_factory=list)
    records: Mapping[str, float] = field(default_factory=dict)
    """Topic -> records that workers of its own made, since the command was started last."""
    secs: float = 0.0


@dataclass
class Run:
    """One process of a replay."""

    request: Request
    options: Options
    settings: Settings
    reader: Reader
    wanted: Wanted
    saved: Saved
    store: Store
    sender: Sender
    group: Group | None
    """Who works on what is sent; None: it is only sent."""
    children: Children
    stop: Event
    troubles: list[Trouble] = field(default_factory=list)
    _next_save: float = 0.0
    _next_look: float = 0.0
    _next_mark: float = 0.0
    _next_free: float = 0.0

    def go(self, total: int, sinks: Sequence[Backlog]) -> Outcome:
        """All of it. Raises Stopped, and whatever else ends it; what was reached is kept."""
        began = time.monotonic()
        with Shown(total) as shown:
            if self.saved.phase == SENDING:
                self._send(shown)
            if self.group is not None:
                self.sender.mark(END)
                self._keep(phase=SENT)
                shown.phase("working")
                self._wait_for_workers(self.group)
                shown.phase("indexing")
                self._wait_for_sinks(sinks)
        self._keep(phase=COMPLETE, position="")
        self.children.stop()
        records = self.children.figures("logferry_stream_records_total")
        return Outcome(self.saved, self.troubles, records, time.monotonic() - began)

    def _send(self, shown: Shown) -> None:
        chunks, records, sent, troubles = 0, 0, 0, 0
        base = self.saved
        for step in self.reader.read(self.wanted, base.position):
            match step:
                case Chunk():
                    if self.group is None and step.role != RECORD:
                        continue
                    self.sender.send(step)
                    chunks, sent, records = chunks + 1, sent + len(step.value), records + (step.role == RECORD)
                    self._attend()
                case Trouble():
                    troubles += 1
                    self.troubles = [*self.troubles, step][:TROUBLES_SHOWN]
                case Passed():
                    self.saved = self.saved.at(
                        chunks=base.chunks + chunks,
                        records=base.records + records,
                        bytes=base.bytes + sent,
                        troubles=base.troubles + troubles,
                    )
                    shown.at(step.done, chunks, sent, self.sender.ahead_bytes)
                    self._save(step.position)
                    self._attend()
        self.sender.flush()

    def _save(self, position: Any) -> None:
        """Now and then: what was sent is with Kafka, and nobody need send it again."""
        if time.monotonic() >= self._next_save:
            self.sender.flush()
            self._keep(position=position)
            self._next_save = time.monotonic() + SAVE_SECS

    def _keep(self, **changes: object) -> None:
        self.saved = self.saved.at(**changes, written_at=time.time())
        self.store.write(self.saved)

    def _attend(self) -> None:
        """Several times a second: children, signs of life, and not too far ahead of the workers."""
        self._look()
        while self.sender.ahead_bytes > AHEAD_MAX_BYTES and self.group is not None:
            self.sender.wait(LOOK_SECS / 2)
            self._look()

    def _look(self) -> None:
        if self.stop.is_set():
            raise Stopped
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECS
        self.children.look_after()
        if self.group is not None:
            committed = self.group.committed()
            self.sender.taken(committed)
            if self.request.target == REPLAY and now >= self._next_free:
                self._next_free = now + FREE_SECS
                free(self.settings.kafka, self.group.name, self.sender.topic, committed)
        if self.request.target == RAW and now >= self._next_mark:
            self.sender.mark()
            self._next_mark = now + ALIVE_SECS

    def _wait_for_workers(self, group: Group) -> None:
        with self._waiting():
            while not is_through(group.committed(), self.sender.ends):
                self._pause()

    def _wait_for_sinks(self, sinks: Sequence[Backlog]) -> None:
        with self._waiting():
            while any(each.records() for each in sinks):
                self._pause()

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        try:
            yield
        except TemporaryError as error:
            raise TemporaryError(
                f"all is sent, but nobody knows whether all is worked on: {error.problem}",
                delay=error.delay,
                where=error.where,
                remedy=f"{error.remedy}; then run the same command again, it goes on",
            ) from error

    def _pause(self) -> None:
        self._look()
        self.sender.wait(LOOK_SECS / 2)


def may_go_on(request: Request, saved: Saved, group: Group | None, now: float) -> bool:
    """Whether what a replay was broken off with is still there."""
    if request.target == RAW:
        return now - saved.written_at < FORGET_SECS / 2
    return group is None or not group.has_lost()


def worker_group(request: Request, saved: Saved, settings: Settings, beginning: str) -> str | None:
    """The group that works on it; None: nobody that we know."""
    if request.target == REPLAY:
        return f"{beginning}{run_name(request, saved)}"
    return settings.stream.group if request.target == RAW else None
