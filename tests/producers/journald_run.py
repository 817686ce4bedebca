"""Runs of the input `journald` against a recording intake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from producers.journald import Journald
from schemas.settings.inputs import JournaldInput
from tests.producers.intake import RecordingIntake
from tests.producers.journal import summary

KEY = "journald/system"


@asynccontextmanager
async def reading(folder: Path, intake: RecordingIntake, **settings: Any) -> AsyncIterator[Journald]:
    model = JournaldInput.model_validate({"type": "journald", "path": str(folder), **settings})
    journald = Journald("system", model, "node-1")
    await journald.start(intake)
    try:
        yield journald
    finally:
        intake.make_room()
        while intake.waiting:
            intake.waiting.pop()[1].cancel()
        await journald.stop()


def shipped(folder: Path, count: int, intake: RecordingIntake | None = None, **settings: Any) -> RecordingIntake:
    """Read until ``count`` entries in all are shipped and kept."""
    kept = intake or RecordingIntake()

    async def run() -> None:
        async with reading(folder, kept, **settings):
            await kept.until(lambda: sum(chunk.lines for chunk in kept.chunks) >= count)
            await kept.until(lambda: KEY in kept.positions)

    asyncio.run(run())
    return kept


def messages(intake: RecordingIntake) -> list[str]:
    return [message.decode() for _, _, message in summary(intake.chunks)]
