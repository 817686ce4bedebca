"""The Faust application: consumer group, partitions, rebalancing. All else is in `worker` and `core`.

Faust acknowledges an event in a ``finally`` and commits past a held one, so events are taken with ``noack`` and
acknowledged by us, in order for each partition, when everything that came of a chunk has been delivered. What a commit
says beside its offset (`streams.core.spans`) is added where Faust's consumer makes its client.
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
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as AIOKafkaConsumer

from runtime.health import Health
from runtime.kafka import SESSION_SECS, count_errors
from runtime.kafka_contact import KafkaContact
from runtime.kafka_intake import IntakeCheck
from runtime.traced_chunk import chunk_traces
from schemas.errors import FatalError
from schemas.replay import replayed_of
from streams.connections import Connections
from streams.credentials import broker_credentials
from streams.feed import Feed
from streams.health import Membership, StreamLag
from streams.worker import LOAD_SECS, StreamWorker

if TYPE_CHECKING:
    from faust.types import TP, StreamT
    from faust.types.tuples import Message

    from schemas.settings import Settings

_log = logging.getLogger(__name__)

SERVE_SECS: Final = 0.003
IDLE_SECS: Final = 0.05
ATTEND_SECS: Final = 0.05
TEND_SECS: Final = 0.5
DRAIN_SECS: Final = 4.0
"""How long a stopping worker waits for deliveries. What is not acknowledged by then is read again."""
STOP_SECS: Final = 8.0
"""How long Faust may take to stop; a group or a topic that it has no right to keeps it waiting for ever."""


class StreamApp:
    """One worker process."""

    def __init__(self, settings: Settings, feed: Feed | None = None) -> None:
        """``feed``: what it reads, where that is not live traffic."""
        feed = feed or Feed.live(settings)
        self._stopping = asyncio.Event()
        self._failure: Exception | None = None
        """What ended the taking of chunks."""
        self._topic = feed.topic
        self._app = faust.App(
            feed.group,
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
            datadir=str(Path(tempfile.gettempdir()) / f"logferry-faust-{feed.group}"),
        )
        connections = Connections.of(settings, feed)
        self.worker: StreamWorker[Message] = StreamWorker(settings, self._acknowledge, connections, feed)
        self.worker.traces = chunk_traces(settings, self._topic, feed.group, self.worker.metrics)
        self._membership = Membership()
        self._lag = StreamLag(settings.kafka, self._topic, self._membership, self.worker.assignments, self._fetched)
        self._lag.show(self.worker.metrics)
        self._intake = IntakeCheck(settings.metrics.stall_secs, self._lag.ends)
        self.health = self._health(settings, connections)
        self._app.transport.Consumer = _consumer_of(self.worker)  # type: ignore[misc]
        topic = self._app.topic(
            self._topic, value_type=bytes, value_serializer="raw", key_type=bytes, key_serializer="raw"
        )
        self._app.agent(topic, name="chunks")(self._take_all)
        self._app.on_partitions_revoked.connect(self._revoked)  # type: ignore[arg-type]
        self._app.on_partitions_assigned.connect(self._assigned)  # type: ignore[arg-type]

    def _health(self, settings: Settings, connections: Connections) -> Health:
        health = Health(settings.metrics.stall_secs)
        connections.producer.waiting = health.waiting
        health.live_if(self._intake.check)
        health.ready_if(self._membership.check)
        health.ready_if(KafkaContact(connections.producer.client, settings.topics.names.dead_letter).check)
        return health

    def _acknowledge(self, message: Message) -> None:
        message.ack(self._app.consumer)

    async def _take_all(self, stream: StreamT[bytes]) -> None:
        try:
            await self._take_each(stream)
        except Exception as error:  # Faust would only log it, and the worker would hold partitions that nobody reads
            self._failure = error
            raise

    async def _take_each(self, stream: StreamT[bytes]) -> None:
        async for event in stream.noack().events():  # type: ignore[attr-defined]
            message = event.message
            while not self.worker.has_room():
                self._lag.held.hold()
                await asyncio.sleep(SERVE_SECS)
            self._lag.held.free()
            if self._stopping.is_set():
                continue
            value, message.value = message.value, None  # the message waits for its acknowledgement, without the payload
            self.worker.take(
                message.partition,
                message.generation_id,
                message.offset,
                value,
                message,
                message.timestamp or 0.0,
                replayed_of(message.headers),
                message.headers,
            )
            self._intake.moved()
            await asyncio.sleep(0)

    async def _revoked(self, _app: Any, revoked: set[TP], *_: Any, **__: Any) -> None:
        self._membership.partitions = None
        generation = self._app.consumer_generation_id
        self.worker.revoke({tp.partition for tp in revoked if tp.topic == self._topic}, generation)
        _log.info("partitions revoked: %s", sorted(tp.partition for tp in revoked))

    async def _assigned(self, _app: Any, assigned: set[TP], *_: Any, **__: Any) -> None:
        self._membership.partitions = {tp.partition for tp in assigned if tp.topic == self._topic}
        self._intake.moved()  # only then: where other partitions end says nothing of what has come
        self.worker.assigned(len(assigned))
        _log.info("partitions assigned: %s", sorted(tp.partition for tp in assigned))

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises FatalError when Kafka refuses a record for good."""
        self._listen_to_signals()
        self.health.beat(2 * LOAD_SECS)
        self.worker.load()
        start = asyncio.ensure_future(self._app.start())
        try:
            stopping = asyncio.ensure_future(self._stopping.wait())
            while not start.done() and not stopping.done():  # for ever, as long as Kafka does not let it in
                self.health.beat()
                await asyncio.wait({start, stopping}, timeout=TEND_SECS, return_when="FIRST_COMPLETED")
            if start.done():
                start.result()
                await self._serve()
        finally:
            self._stopping.set()
            await self._stop(start)

    async def _stop(self, start: asyncio.Future[None]) -> None:
        await self._drain()
        start.cancel()
        try:
            await asyncio.wait_for(self._app.stop(), STOP_SECS)
        except Exception as error:  # nothing that Faust still does may keep a worker from ending
            _log.warning("the Faust application did not stop by itself: %r", error)
        self.worker.close()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        next_attend = next_tend = 0.0
        while not self._stopping.is_set():
            self.health.beat()
            self.worker.serve()
            now = loop.time()
            if now >= next_attend:
                self.worker.attend()
                next_attend = now + ATTEND_SECS
            if now >= next_tend:
                self.worker.tend(self._is_read_to_its_end)
                if not self.worker.has_room():
                    self._intake.moved()
                next_tend = now + TEND_SECS
            if self._failure is not None:
                raise self._failure
            if self._app.crashed:
                raise FatalError(f"the Faust application stopped: {self._app.crash_reason!r}")
            await asyncio.sleep(SERVE_SECS if self.worker.pending_bytes else IDLE_SECS)

    def _is_read_to_its_end(self, partition: int, offset: int) -> bool:
        """Whether the broker, when it was last heard of, had nothing at an offset or behind it."""
        return offset >= (self._app.consumer.highwater(faust.types.TP(self._topic, partition)) or 0)

    def _fetched(self, partition: int) -> tuple[int | None, int | None]:
        """As StreamLag says; asked by another thread."""
        tp, consumer = faust.types.TP(self._topic, partition), self._app.consumer
        try:
            return consumer._committed_offset.get(tp), consumer.highwater(tp)  # type: ignore[attr-defined]
        except Exception:  # it is not assigned yet, or not any more
            return None, None

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
            self.worker.figures.failed("commit")
            _log.warning("the last positions could not be committed; their chunks are read again: %r", error)


def _consumer_of(worker: StreamWorker[Any]) -> type[AIOKafkaConsumer]:
    """Faust's consumer, with what the worker has to say beside each offset that is committed."""

    class Thread(AIOKafkaConsumerThread):
        def _create_consumer(self, loop: asyncio.AbstractEventLoop) -> Any:
            client = super()._create_consumer(loop)
            commit = client.commit

            async def commit_with_metadata(offsets: dict[Any, Any]) -> None:
                told = {tp: worker.metadata(tp.partition, each.offset) for tp, each in offsets.items()}
                good = {
                    tp: OffsetAndMetadata(each.offset, text)
                    for tp, each in offsets.items()
                    if (text := told[tp]) is not None
                }
                if good:
                    with worker.figures.counted("commit"):
                        await commit(good)
                for tp, each in good.items():
                    worker.committed(tp.partition, each.offset)

            client.commit = commit_with_metadata
            return client

    class WorkerConsumer(AIOKafkaConsumer):
        def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
            return Thread(self, loop=self.loop, beacon=self.beacon)

    return WorkerConsumer


def run(settings: Settings, feed: Feed | None = None) -> None:
    """Run one stream worker to its end; ``feed``: what it reads, where that is not live traffic."""
    asyncio.run(_run(settings, feed))


async def _run(settings: Settings, feed: Feed | None) -> None:
    app = StreamApp(settings, feed)
    count_errors(lambda: app.worker.figures.failed("kafka"))
    app.worker.metrics.serve(settings.metrics, app.health)
    try:
        await app.run()
    finally:
        app.worker.metrics.snapshot()
