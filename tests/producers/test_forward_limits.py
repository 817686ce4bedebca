"""The forward input under pressure, at its limits, and with clients that misbehave."""

from __future__ import annotations

import asyncio
import logging

import pytest

from producers.chunk import Chunk
from tests.producers.forward_client import Client, compressed, entries, message, packed, packed_forward
from tests.producers.forward_serving import REFUSED, data_of, listening, run
from tests.producers.intake import RecordingIntake


class Narrow(RecordingIntake):
    """Has room for a number of chunks that are not answered."""

    def __init__(self, chunks: int) -> None:
        super().__init__(answers=False)
        self.most = 0
        self.chunks_max = chunks
        self._soon = 0
        self.asking = 0
        """How many wait for room."""

    def has_room(self) -> bool:
        return len(self.waiting) + self._soon < self.chunks_max

    async def room(self) -> None:
        self.asking += 1
        await super().room()
        self.asking -= 1

    async def ship(self, chunk: Chunk) -> None:
        self.most = max(self.most, len(self.waiting) + self._soon + 1)
        await super().ship(chunk)

    def ship_soon(self, chunk: Chunk) -> None:
        super().ship_soon(chunk)
        self._soon += bool(chunk.payload)
        self.most = max(self.most, len(self.waiting) + self._soon)

    def answer_soon(self) -> None:
        self._soon -= 1
        self.make_room()


def test_parts_of_a_large_request_with_acknowledgement_ask_for_room_one_by_one() -> None:
    async def scenario() -> None:
        intake = Narrow(2)
        events = entries(3000, 1000)
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(packed_forward("t", events, {"chunk": "c1"}))
            answer = asyncio.create_task(client.receive())
            while not answer.done():
                await intake.until(lambda: intake.waiting or answer.done())
                if intake.waiting:
                    intake.answer()
            assert await answer == {"ack": "c1"}
        assert (intake.most, data_of(intake)) == (2, packed(events))

    run(scenario())


def test_parts_of_a_large_request_without_acknowledgement_ask_for_room_one_by_one() -> None:
    async def scenario() -> None:
        intake = Narrow(2)
        events = entries(3000, 1000)
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(packed_forward("t", events))
            while len(data_of(intake)) < len(packed(events)):
                await intake.until(lambda: not intake.has_room())
                intake.answer_soon()
        assert (intake.most, data_of(intake)) == (2, packed(events))

    run(scenario())


def test_without_room_nothing_is_read() -> None:
    async def scenario() -> None:
        intake = Narrow(0)
        events = entries(40_000, 1000)  # far more than the buffers of sockets hold
        async with (
            listening(intake, request_max_bytes=1 << 26) as server,
            await Client.connect(server.addresses()[0]) as client,
        ):
            await intake.until(lambda: intake.asking == 1)
            sending = asyncio.create_task(client.send(packed_forward("t", events, {"chunk": "c"})))
            assert await asyncio.wait((sending,), timeout=1) == (set(), {sending})
            intake.chunks_max = 1000
            await intake.until(lambda: len(intake.waiting) > 100)
            assert sending.done()

    run(scenario())


def test_more_connections_than_allowed_wait_and_lose_nothing() -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake, connections_max=2) as server:
            clients = [await Client.connect(server.addresses()[0]) for _ in range(3)]
            for number, client in enumerate(clients):
                await client.send(packed_forward("t", entries(1, first=number), {"chunk": str(number)}))
            for number, client in enumerate(clients[:2]):
                assert await client.receive() == {"ack": str(number)}
            with pytest.raises(TimeoutError):
                await clients[2].receive(0.3)
            await clients[0].close()
            assert await clients[2].receive() == {"ack": "2"}
            for client in clients[1:]:
                await client.close()
        assert intake.counts["logferry_producer_forward_connections_total", "in"] == 3

    run(scenario())


def test_large_requests_take_turns_and_a_stalled_one_does_not_hold_the_others_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        large = packed_forward("t", entries(600, 1000), {"chunk": "c"})
        async with listening(intake, large_requests_max=1, request_timeout_secs=1) as server:
            stalled = await Client.connect(server.addresses()[0])
            await stalled.send(large[:-1])
            clients = [await Client.connect(server.addresses()[0]) for _ in range(4)]
            await asyncio.gather(*(client.send(large) for client in clients))
            answers = await asyncio.gather(*(client.receive() for client in clients))
            assert (answers, await stalled.receive()) == ([{"ack": "c"}] * 4, None)
            for client in (stalled, *clients):
                await client.close()
        assert intake.counts[REFUSED, "in", "too_slow"] == 1

    run(scenario())
    assert "did not come whole in time" in caplog.text


def test_an_idle_connection_stays_unless_the_settings_say_otherwise() -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with (
            listening(intake, request_timeout_secs=0.1) as server,
            await Client.connect(server.addresses()[0]) as client,
        ):
            with pytest.raises(TimeoutError):
                await client.receive(0.5)
        async with (
            listening(intake, idle_timeout_secs=0.1) as server,
            await Client.connect(server.addresses()[0]) as client,
        ):
            assert await client.receive() is None
        assert not [name for name, *_ in intake.counts if name == REFUSED]

    run(scenario())


BAD = [
    (b"GET / HTTP/1.1\r\n\r\n", "malformed"),
    (b"\x92\xa1t\xc4\x01\x92", "malformed"),
    (b"\x91" * 5000, "malformed"),
    (packed_forward("t", entries(1), {"compressed": "gzip"}), "compression"),
    (packed_forward("t", entries(1), {"compressed": "lz4"}), "compression"),
    (packed_forward("t", entries(1), {"fluent_signal": 1}), "not_logs"),
    (compressed("t", entries(200, 1000)), "too_large"),
    (packed_forward("t", entries(200, 1000)), "too_large"),
    (b"\xdd\xff\xff\xff\xff" + b"\xa1t" * 40_000, "too_large"),
]


@pytest.mark.parametrize(("data", "reason"), BAD)
def test_bad_input_closes_its_connection_is_counted_and_harms_no_other(
    data: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        small = {"request_max_bytes": 64 * 1024, "decompressed_max_bytes": 64 * 1024}
        async with listening(intake, **small) as server, await Client.connect(server.addresses()[0]) as good:
            for _ in range(3):
                async with await Client.connect(server.addresses()[0]) as bad:
                    await bad.send(packed_forward("t", entries(1), {"chunk": "first"}))
                    assert await bad.receive() == {"ack": "first"}
                    try:
                        await bad.send(data)
                        assert await bad.receive() is None
                    except ConnectionError:
                        pass  # it was closed while we were still sending
            await intake.until(lambda: intake.counts[REFUSED, "in", reason] == 3)
            await good.send(packed_forward("t", entries(1), {"chunk": "c"}))
            assert await good.receive() == {"ack": "c"}
        assert len(intake.chunks) == 4

    with caplog.at_level(logging.INFO):
        run(scenario())
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [(record.levelname, record.exc_info) for record in warnings] == [("WARNING", None)]
    assert f"({reason})" in warnings[0].getMessage()


def test_a_connection_that_ends_within_a_request_keeps_what_came_whole(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake) as server:
            async with await Client.connect(server.addresses()[0]) as client:
                await client.send(message("t", entries(1)[0]) * 2 + message("t", entries(1)[0])[:-1])
            await intake.until(lambda: intake.counts[REFUSED, "in", "cut_off"] == 1)
        assert data_of(intake) == packed(entries(1)) * 2

    run(scenario())
    assert "ended within a request" in caplog.text
