"""Who may send to the forward input, where it listens, how it starts and stops."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from producers.forward import ForwardServer
from schemas.errors import SettingsError
from schemas.metrics import METRICS
from tests.producers.forward_client import Client, compressed, entries, message, packed, packed_forward
from tests.producers.forward_serving import REFUSED, data_of, listening, run, settings
from tests.producers.intake import RecordingIntake

# -- who may send ------------------------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "key"
    path.write_text("secret\n")
    return {"file": str(path)}


def test_with_a_shared_key_only_who_knows_it_may_send(key: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake, shared_key=key) as server:
            async with await Client.connect(server.addresses()[0]) as client:
                assert (await client.shake_hands("secret"))[:4] == ["PONG", True, "", "logferry.node-1"]
                await client.send(compressed("t", entries(3), chunk="c"))
                assert await client.receive() == {"ack": "c"}
            async with await Client.connect(server.addresses()[0]) as client:
                assert await client.shake_hands("guess") == ["PONG", False, "shared key mismatch", "", ""]
                assert await client.receive() is None
            async with await Client.connect(server.addresses()[0]) as client:
                await client.send(message("t", entries(1)[0]))
                assert [(await client.receive())[0], (await client.receive())[:2], await client.receive()] == [
                    "HELO",
                    ["PONG", False],
                    None,
                ]
        assert (len(intake.chunks), intake.counts[REFUSED, "in", "authentication"]) == (1, 2)

    run(scenario())
    assert "secret" not in caplog.text


def test_users_need_their_password_as_well(key: dict[str, str]) -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake, shared_key=key, users={"ann": key}, self_hostname="border") as server:
            answers = []
            for user, password in (("ann", "secret"), ("ann", "guess"), ("eve", "secret"), ("", "")):
                async with await Client.connect(server.addresses()[0]) as client:
                    answers.append(await client.shake_hands("secret", user=user, password=password))
            assert [answer[1:4] for answer in answers] == [
                [True, "", "border"],
                *[[False, "username or password mismatch", ""]] * 3,
            ]

    run(scenario())


def test_who_does_not_answer_the_handshake_or_says_too_much_is_closed(key: dict[str, str]) -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake, shared_key=key, handshake_timeout_secs=0.2) as server:
            async with await Client.connect(server.addresses()[0]) as client:
                assert [(await client.receive())[0], await client.receive()] == ["HELO", None]
            async with await Client.connect(server.addresses()[0]) as client:
                await client.send(b"\x96\xc6\x7f\xff\xff\xff" + bytes(10_000))
                with suppress(ConnectionError):
                    assert [(await client.receive())[0], await client.receive()] == ["HELO", None]
            await intake.until(lambda: intake.counts[REFUSED, "in", "too_large"] == 1)
            assert intake.counts[REFUSED, "in", "too_slow"] == 1

    run(scenario())


# -- addresses, start and stop -----------------------------------------------------------------------------------------


def test_a_unix_socket_takes_the_same_and_is_gone_after_the_stop(tmp_path: Path) -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        path = tmp_path / "forward.sock"
        async with listening(intake, listen=None, unix=str(path), unix_permissions="600") as server:
            assert (server.addresses(), path.stat().st_mode & 0o777) == ([f"unix://{path}"], 0o600)
            async with await Client.connect(server.addresses()[0]) as client:
                await client.send(packed_forward("t", entries(1), {"chunk": "c"}))
                assert await client.receive() == {"ack": "c"}
        assert (intake.chunks[0].path, path.exists()) == ("forward://localhost", False)

    run(scenario())


def test_ipv6_peers_are_named_in_brackets() -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake, listen="[::1]:0") as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(packed_forward("t", entries(1), {"chunk": "c"}))
            assert await client.receive() == {"ack": "c"}
        assert intake.chunks[0].path == "forward://[::1]"

    run(scenario())


def test_an_address_in_use_is_told_with_its_setting() -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            server = ForwardServer("in", settings(listen=f"127.0.0.1:{taken.getsockname()[1]}"), "node-1")
            with pytest.raises(SettingsError) as told:
                await server.start(RecordingIntake())
        assert (told.value.where, "in use" in told.value.problem) == ("inputs.in.listen", True)
        await server.stop()

    run(scenario())


def test_a_missing_key_is_told_at_the_start(tmp_path: Path) -> None:
    async def scenario() -> None:
        server = ForwardServer("in", settings(shared_key={"file": str(tmp_path / "absent")}), "node-1")
        with pytest.raises(SettingsError, match="secret"):
            await server.start(RecordingIntake())

    run(scenario())


def test_a_stop_ships_and_acknowledges_what_came_whole() -> None:
    async def scenario() -> None:
        intake = RecordingIntake(answers=False)
        server = ForwardServer("in", settings(), "node-1")
        await server.start(intake)
        client, idle = [await Client.connect(server.addresses()[0]) for _ in range(2)]
        await client.send(packed_forward("t", entries(1), {"chunk": "c1"}))
        await intake.until(lambda: intake.waiting)
        stopping = asyncio.create_task(server.stop())
        assert await idle.receive() is None
        assert not stopping.done()
        intake.answer()
        await stopping
        assert (await client.receive(), await client.receive(), server.addresses()) == ({"ack": "c1"}, None, [])
        await client.close()
        await idle.close()

    run(scenario())


def test_a_stop_without_room_hands_over_what_nobody_else_has() -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        server = ForwardServer("in", settings(), "node-1")
        await server.start(intake)
        async with await Client.connect(server.addresses()[0]) as client:
            await client.send(packed_forward("t", entries(1), {"chunk": "c1"}))
            assert await client.receive() == {"ack": "c1"}  # it reads now
            intake.full = True
            await client.send(b"".join(message("t", event) for event in entries(5, first=1)))
            await asyncio.to_thread(_wait_until_unread, server.addresses()[0], 0)
            await server.stop()
        assert data_of(intake) == packed(entries(6))

    run(scenario())


def _wait_until_unread(address: str, size: int) -> None:
    """Until so many bytes wait in the receive buffers of all connections to a port."""
    port = f":{int(address.rpartition(':')[2]):04X}"
    end = time.monotonic() + 20
    while time.monotonic() < end:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        queues = [int(row[4].partition(":")[2], 16) for row in rows if row[1].endswith(port) and row[3] == "01"]
        if queues and sum(queues) == size:
            return
        time.sleep(0.01)
    raise TimeoutError(f"there were never {size} bytes unread")


def test_every_metric_that_is_counted_is_known() -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        async with listening(intake) as server, await Client.connect(server.addresses()[0]) as client:
            await client.send(b"".join(message("t", event) for event in entries(7)))
            await client.send(b"\xc1")
            assert await client.receive() is None
        assert intake.counts == {
            ("logferry_producer_forward_connections_total", "in"): 1,
            ("logferry_producer_forward_requests_total", "in"): 7,
            (REFUSED, "in", "malformed"): 1,
        }
        assert {name: len(labels) for name, *labels in intake.counts} == {
            name: len(METRICS[name].labels) for name, *_ in intake.counts
        }

    run(scenario())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"listen": None}, "listens nowhere"),
        ({"listen": None, "unix": "/run/f.sock", "tls": {"certificate_file": "/c", "key_file": "/k"}}, "tls needs"),
        ({"users": {"ann": {"env": "PASSWORD"}}}, "users need a shared_key"),
        ({"shared_key": "secret"}, "must not stand in the settings"),
        ({"unix": "run/f.sock"}, "relative"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**changes)
