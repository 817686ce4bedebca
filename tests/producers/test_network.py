"""Inputs that listen share memory: one that floods leaves room to the others. No broker and no sockets here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from producers.checkpoint_store import CheckpointStore
from producers.chunk import Chunk, Loss, source_of
from producers.intake import Intake
from producers.network import Network
from runtime.metrics import Metrics

LIMIT = 2 * 1024 * 1024
CHUNK = Chunk(source_of("0" * 16, "node-1", "syslog", "syslog"), "udp://h", bytes(8), 0, bytes(256 * 1024), 1)

Result = TypeVar("Result")


class Listener:
    """An input that the test speaks for."""

    intake: Intake

    async def start(self, intake: Intake) -> None:
        self.intake = intake

    async def stop(self) -> None: ...

    def addresses(self) -> list[str]:
        return []

    async def flood(self) -> int:
        """Ship while there is room; how many chunks."""
        shipped = 0
        while self.intake.has_room():
            self.intake.ship_soon(CHUNK)
            shipped += 1
        return shipped


@pytest.fixture
def inputs() -> dict[str, Listener]:
    return {"first": Listener(), "second": Listener()}


@pytest.fixture
def network(tmp_path: Path, inputs: dict[str, Listener]) -> Iterator[Network]:
    store = CheckpointStore(tmp_path / "state")
    made = Network(inputs, LIMIT, store, Metrics("producer"), lambda: None)
    made.start()
    yield made
    made.stop(lambda: None)
    store.close()


def in_loop(network: Network, call: Callable[[], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        return await call()

    return asyncio.run_coroutine_threadsafe(run(), network._loop).result(30)


def acknowledge(network: Network) -> None:
    """All that was shipped."""
    while (taken := network.take()) is not None:
        assert not isinstance(taken, Loss)
        taken[1]()


def test_an_input_that_floods_leaves_room_for_chunks_of_another(network: Network, inputs: dict[str, Listener]) -> None:
    assert [in_loop(network, inputs[name].flood) for name in ("first", "second")] == [7, 1]


def test_what_all_inputs_hold_together_is_bounded(network: Network, inputs: dict[str, Listener]) -> None:
    for _ in range(10):
        for each in inputs.values():
            in_loop(network, each.flood)
    acknowledged = 0
    while network.take() is not None:
        acknowledged += len(CHUNK.payload)
    assert acknowledged == LIMIT


def test_who_waits_for_room_goes_on_when_kafka_has_something(network: Network, inputs: dict[str, Listener]) -> None:
    async def fill_and_wait() -> None:
        await inputs["first"].flood()
        waiting = asyncio.ensure_future(inputs["first"].intake.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        acknowledge(network)
        await waiting

    in_loop(network, fill_and_wait)
    assert in_loop(network, inputs["first"].flood) == 7
