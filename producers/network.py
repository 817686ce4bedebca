"""The thread in which inputs listen, and the hand-over of what they receive to the thread that sends.

Only the sending thread touches Kafka's client. What arrives here waits in a queue, is counted against this side's share
of memory until Kafka has it, and only then the one who shipped it hears of it, in his own loop.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from producers.intake import NetworkInput, OwnThread

if TYPE_CHECKING:
    from producers.checkpoint_store import CheckpointStore
    from producers.chunk import Chunk, Loss
    from runtime.metrics import Metrics

_log = logging.getLogger(__name__)

STOP_SECS: Final = 5.0
"""How long inputs have for shipping what they received whole."""

GREED: Final = 4
"""How much of the memory an input may hold, in parts of what is free. More lets one input have more of it, and leaves
less to those that come later; with 4, more than a chunk of the usual 256 KiB is left of the smallest share (2 MiB)."""


class Network:
    """All inputs that listen."""

    def __init__(
        self, inputs: Mapping[str, NetworkInput], memory_max_bytes: int, store: CheckpointStore, metrics: Metrics,
        ring: Callable[[], None],
    ) -> None:  # fmt: skip
        self._inputs = inputs
        self._limit = memory_max_bytes
        self._store = store
        self._metrics = metrics
        self._ring = ring
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._pending = 0
        """Bytes shipped and not acknowledged; the loop's own."""
        self._freed = asyncio.Event()
        self._waiting: deque[tuple[Chunk, Callable[[], None]] | Loss] = deque()
        self._positions: dict[str, str] = dict(store.positions)

    # -- the sending thread --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen. Raises SettingsError when an address cannot be had."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    def call(self, what: Callable[[], None]) -> None:
        """Have something called by the loop, soon; from any thread."""
        _in_loop(self._loop, what)

    def held_up(self, now: float) -> list[tuple[str, float]]:
        """Inputs whose own threads do not return from what they do, with for how many seconds."""
        inputs = [(name, each) for name, each in self._inputs.items() if isinstance(each, OwnThread)]
        return [(name, now - since) for name, each in inputs if (since := each.busy_since) is not None]

    def take(self) -> tuple[Chunk, Callable[[], None]] | Loss | None:
        """The next chunk to send, with whom to tell when Kafka has it; or a loss to report; None: nothing."""
        return self._waiting.popleft() if self._waiting else None

    def is_empty(self) -> bool:
        """Nothing waits to be sent."""
        return not self._waiting

    def stop(self, serve: Callable[[], None]) -> None:
        """Take nothing more. ``serve`` is called meanwhile, for what was received whole is still shipped."""
        if not self._thread.is_alive():
            return
        stopping = asyncio.run_coroutine_threadsafe(self._stop(), self._loop)
        while not stopping.done():
            serve()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECS)

    def save_positions(self) -> None:
        """Hand what was acknowledged to the checkpoint."""
        for name, position in list(self._positions.items()):
            self._store.advance(name, position)

    # -- the loop ------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _start(self) -> None:
        listening = []
        for name, each in self._inputs.items():
            await each.start(Share(self))
            listening += [f"{name} at {address}" for address in each.addresses()]
        if listening:
            _log.info("listening: %s", ", ".join(listening))

    async def _stop(self) -> None:
        tasks = [asyncio.ensure_future(each.stop()) for each in self._inputs.values()]
        _, late = await asyncio.wait(tasks, timeout=STOP_SECS) if tasks else (set(), set())
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        if late:
            _log.warning(
                "some inputs could not hand over everything in %.0f s; clients were not told it is kept", STOP_SECS
            )

    def free_bytes(self) -> int:
        """Memory that nothing waits in; below 0 where a large chunk went beyond."""
        return self._limit - self._pending

    async def freed(self) -> None:
        """Return when Kafka has taken something."""
        self._freed.clear()
        await self._freed.wait()

    def hand_over(self, chunk: Chunk, kept: Callable[[], None]) -> None:
        """Let a chunk be sent; ``kept`` is called in the loop when Kafka has it."""
        size = len(chunk.payload)
        self._pending += size

        def acknowledged() -> None:
            self._pending -= size
            kept()
            self._freed.set()

        self._waiting.append((chunk, lambda: _in_loop(self._loop, acknowledged)))
        self._ring()

    def report(self, loss: Loss) -> None:
        """Let a loss be told."""
        self._waiting.append(loss)
        self._ring()

    def position(self, key: str) -> str | None:
        """As Intake says."""
        return self._positions.get(key)

    def advance(self, key: str, position: str) -> None:
        """As Intake says."""
        self._positions[key] = position

    def count(self, name: str, amount: float, *labels: str) -> None:
        """As Intake says."""
        self._metrics.count(name, amount, *labels)


class Share:
    """The Intake of one input. It may hold GREED times what is free, so something is always free for the others.

    One busy input gets four fifths of the memory, two get four ninths each. Whoever comes then finds room at once; else
    a flood of syslog would have HTTP's clients refused (dynamic thresholds, Choudhury and Hahne 1998).
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._pending = 0
        """Bytes shipped and not acknowledged."""

    def has_room(self) -> bool:
        """As Intake says."""
        return self._pending < GREED * self._network.free_bytes()

    async def room(self) -> None:
        """As Intake says."""
        while not self.has_room():
            await self._network.freed()

    async def ship(self, chunk: Chunk) -> None:
        """As Intake says."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def confirm() -> None:
            if not kept.done():
                kept.set_result(None)

        self._hand_over(chunk, confirm)
        await kept

    def ship_soon(self, chunk: Chunk) -> None:
        """As Intake says."""
        self._hand_over(chunk, lambda: None)

    def _hand_over(self, chunk: Chunk, kept: Callable[[], None]) -> None:
        size = len(chunk.payload)
        self._pending += size

        def acknowledged() -> None:
            self._pending -= size
            kept()

        self._network.hand_over(chunk, acknowledged)

    def position(self, key: str) -> str | None:
        """As Intake says."""
        return self._network.position(key)

    def advance(self, key: str, position: str) -> None:
        """As Intake says."""
        self._network.advance(key, position)

    def lost(self, loss: Loss) -> None:
        """As Intake says."""
        self._network.report(loss)

    def count(self, name: str, amount: float = 1, *labels: str) -> None:
        """As Intake says."""
        self._network.count(name, amount, *labels)


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something in the loop's thread; nobody listens any more once the loop has ended."""
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        _log.debug("acknowledged after the inputs had stopped")
