"""The forward input over real sockets: what it ships, and when it acknowledges."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.producers.forward_client import Client, compressed, entries, forward, message, packed, packed_forward
from tests.producers.forward_serving import data_of, kept, listening, run
from tests.producers.intake import RecordingIntake


@pytest.mark.parametrize("make", [forward, packed_forward])
def test_entries_of_any_mode_arrive_as_they_were_sent(make: Any) -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        events = entries(50)
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(make("docker.web", events))
            await intake.until(lambda: data_of(intake) == packed(events))
            (chunk,) = intake.chunks
            assert (chunk.source["kind"], chunk.source["framing"], chunk.source["tag"], chunk.source["node"]) == (
                "forward",
                "forward",
                "docker.web",
                "node-1",
            )
            assert (chunk.path, chunk.lines, chunk.offset, chunk.ended) == ("forward://127.0.0.1", 50, 0, False)

    run(scenario())


def test_messages_that_come_together_travel_together_and_in_order() -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        events = entries(2000, 30)
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(b"".join(message("a", event) for event in events))
            await intake.until(lambda: data_of(intake) == packed(events))
            assert len(intake.chunks) < 100
            assert sum(chunk.lines for chunk in intake.chunks) == 2000
            ends = [chunk.offset + len(chunk.payload) for chunk in intake.chunks]
            assert [chunk.offset for chunk in intake.chunks] == [0, *ends[:-1]]
            assert len({chunk.incarnation for chunk in intake.chunks}) == 1

    run(scenario())


@pytest.mark.parametrize(
    "make", [forward, packed_forward, lambda tag, events, option: compressed(tag, events, **option)]
)
def test_a_chunk_is_acknowledged_only_after_kafka_has_it(make: Any) -> None:
    async def scenario() -> None:
        intake = RecordingIntake(answers=False)
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(make("t", entries(10), {"chunk": "c1"}))
            await intake.until(lambda: intake.waiting)
            with pytest.raises(TimeoutError):
                await client.receive(0.2)
            intake.answer()
            assert await client.receive() == {"ack": "c1"}
            assert data_of(intake) == packed(entries(10))

    run(scenario())


def test_a_large_request_is_cut_between_entries_and_acknowledged_after_its_last_part() -> None:
    async def scenario() -> None:
        intake = RecordingIntake(answers=False)
        events = entries(3000, 1000)
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(packed_forward("t", events, {"chunk": "c1"}))
            await intake.until(lambda: data_of(intake) == packed(events))
            assert all(len(chunk.payload) <= 256 * 1024 for chunk in intake.chunks)
            assert [chunk.ended for chunk in intake.chunks] == [False] * (len(intake.chunks) - 1) + [True]
            for _ in range(len(intake.chunks) - 1):
                intake.answer(-1)
            with pytest.raises(TimeoutError):
                await client.receive(0.2)
            intake.answer()
            assert await client.receive() == {"ack": "c1"}

    run(scenario())


def test_an_empty_chunk_is_acknowledged_and_a_heartbeat_is_not() -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(b"\xc0" + packed_forward("t", [], {"chunk": "c1"}))
            assert await client.receive() == {"ack": "c1"}
        assert intake.chunks == []

    run(scenario())


def test_killed_between_receipt_and_acknowledgement_the_retry_is_the_same_record() -> None:
    async def scenario() -> None:
        request = compressed("t", entries(5000, 200), chunk="c1")
        first, second = RecordingIntake(answers=False), RecordingIntake()
        ours = asyncio.all_tasks()
        async with listening(first) as server:
            client = await Client.connect(server.addresses()[0])
            await client.send(request)
            await first.until(lambda: data_of(first) == packed(entries(5000, 200)))
            for task in asyncio.all_tasks() - ours:
                task.cancel()  # as the producer does when it stops without Kafka's word
            assert await client.receive() is None
            await client.close()
            first.waiting.clear()
        async with listening(second) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(request)
            assert await client.receive() == {"ack": "c1"}
        assert kept(first) == kept(second)
        assert len(kept(first)) > 3

    run(scenario())


def test_when_kafka_s_client_gives_up_the_client_is_not_told_that_its_chunk_is_kept() -> None:
    async def scenario() -> None:
        intake = RecordingIntake(answers=False)
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(packed_forward("t", entries(1), {"chunk": "c1"}))
            await intake.until(lambda: intake.waiting)
            intake.waiting.pop()[1].cancel()
            assert await client.receive() is None

    run(scenario())


def test_what_was_sent_before_a_chunk_with_acknowledgement_is_shipped_before_it() -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(message("t", entries(1)[0]) + packed_forward("t", entries(1, first=1), {"chunk": "c"}))
            assert await client.receive() == {"ack": "c"}
            assert data_of(intake) == packed(entries(2))

    run(scenario())


def test_a_connection_s_end_ends_its_incarnations() -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake) as server:
            async with await Client.connect(server.addresses()[0]) as client:
                await client.send(message("a", entries(1)[0]) + message("b", entries(1)[0]))
            await intake.until(lambda: len(intake.chunks) == 4)
        assert [(c.source["tag"], c.ended, c.end_reason, bool(c.payload)) for c in intake.chunks] == [
            ("a", False, None, True),
            ("b", False, None, True),
            ("a", True, "closed", False),
            ("b", True, "closed", False),
        ]

    run(scenario())
