"""Every body is shipped once at a time: whoever sends it again meanwhile waits for the same chunks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from producers.chunk import Chunk
from producers.core.http.repeats import Known
from producers.intake import Intake

_log = logging.getLogger(__name__)


class Deliveries:
    """Bodies on their way to Kafka, by incarnation."""

    def __init__(self, intake: Intake, clock: Callable[[], float]) -> None:
        self._intake = intake
        self._clock = clock
        self._flights: dict[bytes, asyncio.Task[bool]] = {}

    def flight(self, known: Known) -> asyncio.Task[bool] | None:
        """The delivery of that body, if it is under way."""
        return self._flights.get(known.incarnation)

    def begin(self, known: Known, chunks: Sequence[Chunk], when_over: Callable[[], None]) -> asyncio.Task[bool]:
        """Ship a body; the task tells whether Kafka has all of it. It goes on when nobody waits for it any more."""
        flight = asyncio.get_running_loop().create_task(self._ship(known, chunks))
        self._flights[known.incarnation] = flight

        def over(_: asyncio.Task[bool]) -> None:
            del self._flights[known.incarnation]
            when_over()

        flight.add_done_callback(over)
        return flight

    async def drain(self) -> None:
        """Return when nothing is under way."""
        while self._flights:
            await asyncio.wait(tuple(self._flights.values()))

    async def _ship(self, known: Known, chunks: Sequence[Chunk]) -> bool:
        """All chunks of a body are handed over without a pause, so that no other body of the source comes between."""
        try:
            await self._intake.room()
            await asyncio.gather(*(self._intake.ship(chunk) for chunk in chunks))
        except asyncio.CancelledError:
            return False  # the producer stops; the client is told to come again
        except Exception:
            _log.exception("a body of %d chunks from %s could not be shipped", len(chunks), chunks[0].path)
            return False
        known.kept_at = self._clock()
        return True
