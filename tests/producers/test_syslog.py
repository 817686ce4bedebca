"""The syslog input: who sent what, in order, to the byte; and what happens at every limit."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from producers.syslog import Syslog
from schemas.errors import SettingsError
from schemas.identity import source_id
from schemas.settings import SyslogInput
from tests.producers.certificates import make_identity
from tests.producers.intake import RecordingIntake
from tests.producers.syslog_messages import messages_of, place, running

Check = Callable[[RecordingIntake], Awaitable[None]]
LOOPBACK = "127.0.0.1:0"


def run(check: Check) -> None:
    asyncio.run(asyncio.wait_for(check(RecordingIntake()), 60))


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
    total, line = 400, b"x" * 9_999 + b"\n"

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


@pytest.mark.parametrize(("transport", "kind"), [("unix", socket.SOCK_STREAM), ("unixgram", socket.SOCK_DGRAM)])
def test_unix_sockets_take_messages_and_are_removed(tmp_path, transport, kind):
    path = tmp_path / "log"

    async def check(intake):
        async with running(intake, **{transport: str(path)}) as server:
            assert server.addresses() == [f"{transport}://{path}"]
            with socket.socket(socket.AF_UNIX, kind) as client:
                client.connect(str(path))
                client.send(b"<13>one\n")
            await intake.until(lambda: intake.chunks)
        assert messages_of(intake.chunks) == [b"<13>one" if kind == socket.SOCK_STREAM else b"<13>one\n"]
        assert {chunk.path for chunk in intake.chunks} == {f"{transport}://{path}"}
        assert not path.exists()

    run(check)


def test_of_a_giant_datagram_what_is_missing_is_reported_as_a_range(tmp_path, monkeypatch):
    monkeypatch.setattr("producers.syslog.datagrams._DATAGRAM_BYTES", 1000)
    path = tmp_path / "log"

    async def check(intake):
        async with running(intake, unixgram=str(path)):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
                client.connect(str(path))
                client.send(b"x" * 1500)
                client.send(b"next")
            await intake.until(lambda: len(messages_of(intake.chunks)) == 2)
        assert messages_of(intake.chunks) == [b"x" * 1000, b"next"]
        first, second = intake.chunks[0], intake.chunks[1]
        assert second.offset == first.offset + len(first.payload) + 500
        assert second.gap == {"start": len(first.payload), "reason": "too_long"}
        [loss] = intake.losses
        assert (loss.start, loss.end, loss.reason) == (len(first.payload), second.offset, "too_long")

    run(check)


def client_context(authority: Path, *, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def test_tls_takes_clients_that_show_a_certificate_and_counts_others(tmp_path, caplog):
    mine, client = make_identity(tmp_path, "mine"), make_identity(tmp_path, "client")
    tls = {
        "listen": LOOPBACK,
        "certificate_file": str(mine.certificate),
        "key_file": str(mine.key),
        "client_ca_file": str(client.certificate),
    }
    known = client_context(mine.certificate, certificate=client.certificate, key=client.key)
    failed = ("logferry_producer_errors_total", "tls_handshake")

    async def check(intake):
        async with running(intake, tls=tls) as server:
            _, writer = await asyncio.open_connection(*place(server, "tls"), ssl=known)
            writer.write(b"7 <13>one9 <13>" + b"x" * 5 + b"100000 <13>" + b"y" * 99_996)
            await intake.until(lambda: len(messages_of(intake.chunks)) == 4)
            with suppress(OSError):  # with TLS 1.3 a client may learn of it too late
                await send_over(place(server, "tls"), client_context(mine.certificate))
            await intake.until(lambda: intake.counts[failed] == 1)
            with socket.create_connection(place(server, "tls")) as plain:
                plain.sendall(b"<13>no TLS at all\n")
                await intake.until(lambda: intake.counts[failed] == 2)
            writer.write(b"<13>ha")
            await writer.drain()
        writer.close()
        assert {chunk.path for chunk in intake.chunks} == {"tls://127.0.0.1"}
        assert intake.chunks[-1].ended
        assert b"".join(messages_of(intake.chunks)) == b"<13>one<13>xxxxx<13>" + b"y" * 99_996 + b"<13>ha"

    run(check)
    assert sum("a connection failed" in record.message for record in caplog.records) == 1


async def send_over(where: tuple[str, int], context: ssl.SSLContext) -> None:
    reader, writer = await asyncio.open_connection(*where, ssl=context)
    try:
        writer.write(b"<13>x\n")
        await writer.drain()
        await reader.read()
    finally:
        writer.close()


def test_what_cannot_listen_says_so_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "log"

    async def check(intake):
        with socket.create_server(("127.0.0.1", 0)) as other:
            tcp = f"127.0.0.1:{other.getsockname()[1]}"
            with pytest.raises(SettingsError, match=r"inputs\.net\.tcp"):
                async with running(intake, udp=LOOPBACK, tcp=tcp, unix=str(path)):
                    pass
        assert not path.exists()

    run(check)


def test_another_input_at_the_same_path_is_not_removed(tmp_path):
    path = tmp_path / "log"

    async def check(intake):
        async with running(intake, unix=str(path)):
            path.unlink()
            path.write_text("new")
        assert path.read_text() == "new"

    run(check)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "it listens nowhere"),
        ({"unix": "/run/log", "unixgram": "/run/log"}, "cannot be the same path"),
        ({"unix": "/" + "x" * 107}, "at most 107 bytes"),
        ({"unix": "/run/log", "unix_permissions": "rw"}, "unix_permissions"),
        ({"udp": "514"}, "is not HOST:PORT"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, problem):
    with pytest.raises(ValidationError, match=problem):
        SyslogInput.model_validate({"type": "syslog", **settings})
