"""The syslog input on Unix sockets and by TLS, and where it cannot listen at all."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.errors import SettingsError
from schemas.settings import SyslogInput
from tests.producers.certificates import make_identity
from tests.producers.syslog_messages import LOOPBACK, messages_of, place, run, running


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
