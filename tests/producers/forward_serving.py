"""A forward input that listens, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from producers.forward import ForwardServer
from schemas.settings.inputs.forward import ForwardInput
from tests.producers.intake import RecordingIntake

REFUSED = "logferry_producer_forward_refused_total"


def settings(**changes: Any) -> ForwardInput:
    return ForwardInput(**{"type": "forward", "listen": "127.0.0.1:0", **changes})


@asynccontextmanager
async def listening(intake: RecordingIntake, **changes: Any) -> AsyncIterator[ForwardServer]:
    server = ForwardServer("in", settings(**changes), "node-1")
    await server.start(intake)
    try:
        yield server
    finally:
        intake.make_room()
        while intake.waiting:
            intake.answer()
        await server.stop()


def run(scenario: Any) -> None:
    asyncio.run(asyncio.wait_for(scenario, 120))


def data_of(intake: RecordingIntake) -> bytes:
    return b"".join(chunk.payload for chunk in intake.chunks)


def kept(intake: RecordingIntake) -> list[tuple[str | None, bytes, int, int]]:
    """Tag, incarnation, offset and length of what was shipped with bytes in it."""
    return [(c.source["tag"], c.incarnation, c.offset, len(c.payload)) for c in intake.chunks if c.payload]
