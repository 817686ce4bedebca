"""What tests of the syslog input need: an input that runs, and the messages in what it shipped."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from producers.chunk import Chunk
from producers.syslog import Syslog
from schemas.settings import SyslogInput
from tests.producers.intake import RecordingIntake

Check = Callable[[RecordingIntake], Awaitable[None]]
LOOPBACK = "127.0.0.1:0"


def run(check: Check) -> None:
    """A test in an event loop, for a minute at most."""
    asyncio.run(asyncio.wait_for(check(RecordingIntake()), 60))


def messages_in(payload: bytes) -> list[bytes]:
    """Messages in a payload of framing `syslog`; fails where it is none."""
    found, at = [], 0
    while at < len(payload):
        count = re.compile(rb"([1-9][0-9]*) ").match(payload, at)
        assert count is not None, payload[at : at + 50]
        at = count.end() + int(count[1])
        assert at <= len(payload)
        found.append(payload[count.end() : at])
    return found


def messages_of(chunks: Iterable[Chunk]) -> list[bytes]:
    """All messages, in the order in which they were shipped."""
    return [message for chunk in chunks for message in messages_in(chunk.payload)]


@asynccontextmanager
async def running(intake: RecordingIntake, **settings: Any) -> AsyncIterator[Syslog]:
    """An input that listens; stopped at the end."""
    server = Syslog("net", SyslogInput.model_validate({"type": "syslog", **settings}), "node-1")
    await server.start(intake)
    try:
        yield server
    finally:
        await server.stop()


def place(server: Syslog, transport: str) -> tuple[str, int]:
    """Host and port of one of its listeners."""
    found = next(urlsplit(each) for each in server.addresses() if each.startswith(f"{transport}:"))
    assert found.hostname is not None
    assert found.port is not None
    return found.hostname, found.port
