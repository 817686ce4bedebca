"""A double of `producers.intake.Intake`: keeps what is shipped, and lets the test decide when Kafka answers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from producers.chunk import Chunk, Loss


class RecordingIntake:
    """Keeps chunks in memory. ``answers`` off: what is shipped waits until `answer` is called."""

    def __init__(self, *, answers: bool = True, positions: dict[str, str] | None = None) -> None:
        self.answers = answers
        self.positions: dict[str, str] = {} if positions is None else positions
        """What `advance` was told; hand it to the next intake to play a restart."""
        self.chunks: list[Chunk] = []
        """All that was shipped, in order."""
        self.waiting: list[tuple[Chunk, asyncio.Future[None]]] = []
        """What was shipped and is not answered."""
        self.losses: list[Loss] = []
        self.counts: Counter[tuple[str, ...]] = Counter()
        """Metric name and labels -> amount."""
        self.full = False
        self.asked_for_room = 0
        """How often somebody waited for room."""
        self._changed = asyncio.Event()

    def has_room(self) -> bool:
        return not self.full

    async def room(self) -> None:
        self.asked_for_room += 1
        self._changed.set()
        await self.until(self.has_room)

    async def ship(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self._changed.set()
        if not self.answers:
            answered = asyncio.get_running_loop().create_future()
            self.waiting.append((chunk, answered))
            await answered

    def ship_soon(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self._changed.set()

    def position(self, key: str) -> str | None:
        return self.positions.get(key)

    def advance(self, key: str, position: str) -> None:
        self.positions[key] = position
        self._changed.set()

    def lost(self, loss: Loss) -> None:
        self.losses.append(loss)
        self._changed.set()

    def count(self, name: str, amount: float = 1, *labels: str) -> None:
        self.counts[name, *labels] += amount
        self._changed.set()

    def make_room(self, *, full: bool = False) -> None:
        """Memory is free again, or full."""
        self.full = full
        self._changed.set()

    def answer(self, index: int = 0) -> None:
        """Kafka has what was shipped and waits at ``index``."""
        _, answered = self.waiting.pop(index)
        answered.set_result(None)

    async def until(self, condition: Callable[[], object], deadline_secs: float = 30) -> None:
        """Return when something is so; raises TimeoutError when it is not in time."""
        end = time.monotonic() + deadline_secs
        while not condition():
            self._changed.clear()
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not so within {deadline_secs} s")
            try:
                await asyncio.wait_for(self._changed.wait(), min(left, 0.05))
            except TimeoutError:
                continue
