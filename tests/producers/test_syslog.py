"""The syslog input: who sent what, in order, to the byte; and what happens at every limit."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct

from producers.syslog import Syslog
from schemas.identity import source_id
from schemas.settings import SyslogInput
from tests.producers.syslog_messages import LOOPBACK, messages_of, place, run, running


def udp_socket(server: Syslog) -> socket.socket:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect(place(server, "udp"))
    return client


def test_a_datagram_is_a_message_to_the_byte():
    async def check(intake):
        async with running(intake, udp=LOOPBACK) as server:
            with udp_socket(server) as client:
                for message in (b"<13>one\n", b"", b"5 <1>\0", b"\xff"):
                    client.send(message)
                await intake.until(lambda: len(messages_of(intake.chunks)) == 3)
        assert messages_of(intake.chunks) == [b"<13>one\n", b"5 <1>\0", b"\xff"]

    run(check)


def test_a_single_message_does_not_wait():
    async def check(intake):
        async with running(intake, udp=LOOPBACK, batch_interval_secs=1.0) as server:
            with udp_socket(server) as client:
                client.send(b"<13>one")
                await intake.until(lambda: intake.chunks, 0.9)

    run(check)


def test_messages_that_follow_share_a_chunk():
    async def check(intake):
        async with running(intake, udp=LOOPBACK, batch_interval_secs=0.5) as server:
            with udp_socket(server) as client:
                client.send(b"first")
                await intake.until(lambda: intake.chunks)
                for number in range(50):
                    client.send(b"%d" % number)
                await intake.until(lambda: len(messages_of(intake.chunks)) == 51)
        assert [chunk.lines for chunk in intake.chunks] == [1, 50, 0]
        assert [chunk.ended for chunk in intake.chunks] == [False, False, True]

    run(check)


def test_a_connection_is_an_incarnation_that_ends_with_it():
    async def check(intake):
        async with running(intake, tcp=LOOPBACK) as server:
            for _ in range(2):
                _, writer = await asyncio.open_connection(*place(server, "tcp"))
                writer.write(b"<13>one\n7 <13>two<13>ha")
                await writer.drain()
                before = len(intake.chunks)
                await intake.until(lambda before=before: len(intake.chunks) > before)
                writer.write(b"lf")
                writer.close()
                await intake.until(lambda: intake.chunks[-1].ended)
                await writer.wait_closed()
        first, last, other = intake.chunks[0], intake.chunks[1], intake.chunks[2]
        assert messages_of(intake.chunks) == [b"<13>one", b"<13>two", b"<13>half"] * 2
        assert (first.offset, first.ended, last.offset) == (0, False, len(first.payload))
        assert (last.ended, last.end_reason) == (True, "closed")
        assert first.resumed == {"inside_line": False, "open_streams": {}}
        assert last.resumed is None
        assert first.incarnation == last.incarnation
        assert first.incarnation != other.incarnation
        assert first.source == other.source
        assert first.path == "tcp://127.0.0.1"

    run(check)


def test_a_connection_without_a_message_leaves_no_trace():
    async def check(intake):
        async with running(intake, tcp=LOOPBACK) as server:
            _, writer = await asyncio.open_connection(*place(server, "tcp"))
            writer.close()
            await writer.wait_closed()
            await intake.until(lambda: intake.counts["logferry_producer_syslog_connections_total", "net"])
        assert intake.chunks == []

    run(check)


def test_a_source_is_a_listener_and_a_peer():
    async def check(intake):
        async with running(intake, udp=LOOPBACK, tcp=LOOPBACK, tag="net.border") as server:
            for address in ("127.0.0.1", "127.0.0.2", "127.0.0.1"):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                    client.bind((address, 0))
                    client.sendto(address.encode(), place(server, "udp"))
            await intake.until(lambda: len(messages_of(intake.chunks)) == 3)
            _, writer = await asyncio.open_connection(*place(server, "tcp"))
            writer.write(b"tcp\n")
            await intake.until(lambda: len(messages_of(intake.chunks)) == 4)
            writer.close()
        found = {(chunk.path, chunk.source["id"]) for chunk in intake.chunks}
        assert found == {
            (f"{transport}://{host}", source_id("node-1", "syslog", "net", transport, host))
            for transport, host in (("udp", "127.0.0.1"), ("udp", "127.0.0.2"), ("tcp", "127.0.0.1"))
        }
        assert {(chunk.source["framing"], chunk.source["tag"]) for chunk in intake.chunks} == {("syslog", "net.border")}

    run(check)


def test_too_many_senders_share_a_source(caplog):
    async def check(intake):
        async with running(intake, udp=LOOPBACK, senders_max=2) as server:
            for last in (1, 2, 3, 4, 1):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                    client.bind((f"127.0.0.{last}", 0))
                    client.sendto(b"%d" % last, place(server, "udp"))
            await intake.until(lambda: len(messages_of(intake.chunks)) == 5)
        by_path = {path: messages_of(each for each in intake.chunks if each.path == path)
                   for path in {chunk.path for chunk in intake.chunks}}  # fmt: skip
        assert by_path == {"udp://127.0.0.1": [b"1", b"1"], "udp://127.0.0.2": [b"2"], "udp://others": [b"3", b"4"]}

    with caplog.at_level(logging.WARNING):
        run(check)
    assert sum("senders_max" in record.message for record in caplog.records) == 1


def test_offsets_follow_each_other_within_every_incarnation():
    async def check(intake):
        async with running(intake, tcp=LOOPBACK, udp=LOOPBACK, batch_max_bytes=1024, buffer_max_bytes=4096) as server:
            _, writer = await asyncio.open_connection(*place(server, "tcp"))
            with udp_socket(server) as client:
                for number in range(2000):
                    writer.write(b"<13>message %d\n" % number)
                    client.send(b"datagram %d" % number)
                    if number % 100 == 0:
                        await writer.drain()
                await intake.until(lambda: len(messages_of(intake.chunks)) == 4000)
            writer.close()
        ends: dict[bytes, int] = {}
        for chunk in intake.chunks:
            assert chunk.offset == ends.get(chunk.incarnation, 0)
            assert len(chunk.payload) <= 1024 + 100
            assert (chunk.resumed is None) == (chunk.offset > 0)
            ends[chunk.incarnation] = chunk.offset + len(chunk.payload)
        by_tcp = messages_of(chunk for chunk in intake.chunks if chunk.path.startswith("tcp"))
        assert by_tcp == [b"<13>message %d" % number for number in range(2000)]

    run(check)


def test_a_connection_waits_while_there_is_no_room_and_loses_nothing():
    total, line = 4000, b"x" * 9_999 + b"\n"  # more than the kernel keeps for a connection

    async def check(intake):
        async with running(intake, tcp=LOOPBACK, buffer_max_bytes=65_536) as server:
            intake.make_room(full=True)
            _, writer = await asyncio.open_connection(*place(server, "tcp"))

            async def send():
                for _ in range(total):
                    writer.write(line)
                    await writer.drain()
                writer.close()

            sending = asyncio.create_task(send())
            listener = server._listeners[0]
            await intake.until(lambda: server._outbox.is_pressed)
            assert intake.chunks == []
            assert server._outbox._size < 65_536 + 2 * 65_536
            assert all(not each.transport.is_reading() for each in listener.connections)
            assert not sending.done()
            intake.make_room()
            await intake.until(lambda: len(messages_of(intake.chunks)) == total)
            await sending

    run(check)


def test_datagrams_wait_in_the_kernel_while_there_is_no_room_and_what_it_drops_is_counted(caplog):
    dropped = ("logferry_producer_syslog_dropped_datagrams_total", "net")
    sent = 2000

    async def check(intake):
        async with running(intake, udp=LOOPBACK, receive_buffer_bytes=65_536) as server:
            intake.make_room(full=True)
            with udp_socket(server) as client:
                client.send(b"first")
                await intake.until(lambda: server._outbox.is_pressed)
                for number in range(sent):
                    client.send(b"%d" % number)
            await intake.until(lambda: intake.counts[dropped])
            intake.make_room()
            await intake.until(lambda: len(messages_of(intake.chunks)) + intake.counts[dropped] == sent + 1)
            assert len(messages_of(intake.chunks)) > 10

    with caplog.at_level(logging.ERROR):
        run(check)
    assert sum("the kernel dropped" in record.message for record in caplog.records) == 1


def test_a_message_longer_than_allowed_travels_in_pieces():
    message = b"<13>" + b"x" * 5000

    async def check(intake):
        async with running(intake, udp=LOOPBACK, tcp=LOOPBACK, message_max_bytes=2048) as server:
            _, writer = await asyncio.open_connection(*place(server, "tcp"))
            writer.write(message + b"\n")
            await intake.until(lambda: sum(map(len, messages_of(intake.chunks))) == len(message))
            writer.close()
            with udp_socket(server) as client:
                client.send(message)
                await intake.until(lambda: sum(map(len, messages_of(intake.chunks))) == 2 * len(message))
        assert b"".join(messages_of(intake.chunks)) == message * 2
        assert [len(each) for each in messages_of(intake.chunks)] == [2048, 2048, 908] * 2
        assert intake.counts["logferry_producer_syslog_split_messages_total", "net"] == 2

    run(check)


def test_connections_beyond_the_limit_wait_their_turn():
    async def check(intake):
        async with running(intake, tcp=LOOPBACK, connections_max=2) as server:
            writers = []
            for number in range(4):
                _, writer = await asyncio.open_connection(*place(server, "tcp"))
                writer.write(b"%d\n" % number)
                await writer.drain()
                writers.append(writer)
            await intake.until(lambda: len(messages_of(intake.chunks)) == 2)
            assert len(server._listeners[0].connections) == 2
            for writer in writers:
                writer.close()
                await writer.wait_closed()
            await intake.until(lambda: len(messages_of(intake.chunks)) == 4)
        assert sorted(messages_of(intake.chunks)) == [b"0", b"1", b"2", b"3"]

    run(check)


def test_a_silent_connection_is_closed_when_that_is_asked_for():
    async def check(intake):
        async with running(intake, tcp=LOOPBACK, idle_timeout_secs=0.1) as server:
            reader, writer = await asyncio.open_connection(*place(server, "tcp"))
            writer.write(b"half")
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
            assert messages_of(intake.chunks) == [b"half"]

    run(check)


def test_what_has_arrived_is_shipped_at_once_when_the_input_stops(monkeypatch):
    monkeypatch.setattr("producers.syslog.connections._CLOSE_SECS", 100.0)

    async def check(intake):
        server = Syslog("net", SyslogInput(type="syslog", udp=LOOPBACK, tcp=LOOPBACK), "node-1")
        await server.start(intake)
        _, writer = await asyncio.open_connection(*place(server, "tcp"))
        writer.write(b"first\n")
        await intake.until(lambda: messages_of(intake.chunks))
        raw = writer.get_extra_info("socket")
        os.write(raw.fileno(), b"more\n" * 10_000 + b"half")
        with udp_socket(server) as client:
            for _ in range(100):
                client.send(b"datagram")
        await server.stop()
        by_tcp = messages_of(chunk for chunk in intake.chunks if chunk.path.startswith("tcp"))
        by_udp = messages_of(chunk for chunk in intake.chunks if chunk.path.startswith("udp"))
        assert by_tcp == [b"first", *[b"more"] * 10_000, b"half"]
        assert by_udp == [b"datagram"] * 100
        assert {chunk.incarnation for chunk in intake.chunks if chunk.ended} == {
            chunk.incarnation for chunk in intake.chunks
        }
        writer.close()

    run(check)


def test_it_stops_though_kafka_is_away(monkeypatch):
    monkeypatch.setattr("producers.syslog.outbox._DRAIN_SECS", 0.2)
    monkeypatch.setattr("producers.syslog.connections._CLOSE_SECS", 0.2)

    async def check(intake):
        async with running(intake, tcp=LOOPBACK) as server:
            intake.make_room(full=True)
            _, writer = await asyncio.open_connection(*place(server, "tcp"))
            writer.write(b"first\n")
            await intake.until(lambda: server._outbox.is_pressed)
        assert messages_of(intake.chunks) == [b"first"]
        writer.close()

    run(check)


def test_a_reset_connection_ends_like_any_other():
    async def check(intake):
        async with running(intake, tcp=LOOPBACK) as server:
            client = socket.create_connection(place(server, "tcp"))
            client.sendall(b"one\nhalf")
            await intake.until(lambda: messages_of(intake.chunks))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            await intake.until(lambda: intake.chunks[-1].ended)
        assert messages_of(intake.chunks) == [b"one", b"half"]

    run(check)
