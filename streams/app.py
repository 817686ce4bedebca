"""The Faust application: consumer group, partitions, rebalancing. All else is in `worker` and `core`.

Faust acknowledges an event in a ``finally`` and commits past a held one, so events are taken with ``noack`` and
acknowledged by us, in order for each partition, when everything that came of a chunk has been delivered.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import faust

from runtime.kafka import SESSION_SECS
from schemas.errors import FatalError
from streams.credentials import broker_credentials
from streams.worker import StreamWorker

if TYPE_CHECKING:
    from faust.types import TP, StreamT
    from faust.types.tuples import Message

    from schemas.settings import Settings

_log = logging.getLogger(__name__)

SERVE_SECS: Final = 0.003
IDLE_SECS: Final = 0.05
TEND_SECS: Final = 0.5
DRAIN_SECS: Final = 4.0
"""How long a stopping worker waits for deliveries. What is not acknowledged by then is read again."""


class StreamApp:
    """One worker process."""

    def __init__(self, settings: Settings) -> None:
        self._stopping = asyncio.Event()
        self._topic = settings.topics.names.raw
        self._app = faust.App(
            settings.stream.group,
            broker=[f"kafka://{server}" for server in settings.kafka.bootstrap_servers.split(",")],
            broker_credentials=broker_credentials(settings.kafka),
            broker_commit_interval=0.5,
            broker_session_timeout=SESSION_SECS,
            broker_heartbeat_interval=SESSION_SECS / 4,
            # A broker that has just come back may not know the topic yet; the next look must not be five minutes later.
            consumer_metadata_max_age_ms=3000,
            consumer_group_instance_id=settings.kafka.instance,
            broker_max_poll_records=16,  # a record is a chunk of up to 8 MiB
            consumer_max_fetch_size=512 * 1024,
            consumer_auto_offset_reset="earliest",
            stream_buffer_maxsize=16,
            stream_wait_empty=False,  # with events acknowledged by us it would wait for ever at shutdown
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
            datadir=str(Path(tempfile.gettempdir()) / f"logferry-faust-{settings.stream.group}"),
        )
        self.worker: StreamWorker[Message] = StreamWorker(settings, self._acknowledge)
        topic = self._app.topic(
            self._topic, value_type=bytes, value_serializer="raw", key_type=bytes, key_serializer="raw"
        )
        self._app.agent(topic, name="chunks")(self._take_all)
        self._app.on_partitions_revoked.connect(self._revoked)  # type: ignore[arg-type]

    def _acknowledge(self, message: Message) -> None:
        message.ack(self._app.consumer)

    async def _take_all(self, stream: StreamT[bytes]) -> None:
        async for event in stream.noack().events():  # type: ignore[attr-defined]
            message = event.message
            while not self.worker.has_room():
                await asyncio.sleep(SERVE_SECS)
            if self._stopping.is_set():
                continue
            value, message.value = message.value, None  # the message waits for its acknowledgement, without the payload
            self.worker.take(message.partition, message.generation_id, message.offset, value, message)
            await asyncio.sleep(0)

    async def _revoked(self, _app: Any, revoked: set[TP], *_: Any, **__: Any) -> None:
        self.worker.revoke({tp.partition for tp in revoked if tp.topic == self._topic})
        _log.info("partitions revoked: %s", sorted(tp.partition for tp in revoked))

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises FatalError when Kafka refuses a record for good."""
        self._listen_to_signals()
        self.worker.load()
        await self._app.start()
        try:
            await self._serve()
        finally:
            self._stopping.set()
            await self._drain()
            await self._app.stop()
            self.worker.close()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        next_tend = 0.0
        while not self._stopping.is_set():
            self.worker.serve()
            if loop.time() >= next_tend:
                self.worker.tend()
                next_tend = loop.time() + TEND_SECS
            if self._app.crashed:
                raise FatalError(f"the Faust application stopped: {self._app.crash_reason!r}")
            await asyncio.sleep(SERVE_SECS if self.worker.pending_bytes else IDLE_SECS)

    async def _drain(self) -> None:
        """Wait for what is in flight and commit it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + DRAIN_SECS
        with suppress(FatalError):
            while self.worker.pending_bytes and loop.time() < until:
                self.worker.serve()
                await asyncio.sleep(SERVE_SECS)
        try:
            await asyncio.wait_for(self._app.consumer.commit(), DRAIN_SECS)
        except Exception as error:  # whatever keeps us from committing, reading again repairs it
            _log.warning("the last positions could not be committed; their chunks are read again: %r", error)


def run(settings: Settings) -> None:
    """Run one stream worker to its end."""
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    app = StreamApp(settings)
    app.worker.metrics.serve(settings.metrics)
    try:
        await app.run()
    finally:
        app.worker.metrics.snapshot()
