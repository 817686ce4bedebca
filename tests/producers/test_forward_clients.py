"""Real clients: the fluent-logger packages for Python and Node, in all their modes, over TCP, TLS and Unix sockets."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest
from fluent import asyncsender, sender

from producers.forward import ForwardServer
from schemas.settings.inputs.forward import ForwardInput
from tests.producers.certificates import Identity, make_identity
from tests.producers.forward_client import Client, entries, packed, packed_forward
from tests.producers.intake import RecordingIntake
from tests.tools import npm

FOLDER = Path(__file__).parent / "fluent_node"


def records_of(intake: RecordingIntake) -> list[Any]:
    """The records that were shipped, as clients meant them."""
    unpacker = msgpack.Unpacker()
    for chunk in intake.chunks:
        unpacker.feed(chunk.payload)
    return [record for _, record in unpacker]


def check(use: Callable[[str], None], count: int, *, answers: bool = True, **changes: Any) -> RecordingIntake:
    """Listen, let a client that blocks send to the address, and wait for ``count`` records."""

    async def scenario() -> RecordingIntake:
        intake = RecordingIntake()
        server = ForwardServer("in", ForwardInput(**{"type": "forward", "listen": "127.0.0.1:0", **changes}), "node-1")
        await server.start(intake)
        try:
            await asyncio.to_thread(use, server.addresses()[-1])
            await intake.until(lambda: sum(chunk.lines for chunk in intake.chunks) >= count)
        finally:
            await server.stop()
        return intake

    return asyncio.run(asyncio.wait_for(scenario(), 120))


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


# -- Python ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nanosecond_precision", [True, False])
def test_fluent_logger_for_python_sends_messages(nanosecond_precision: bool) -> None:
    def use(address: str) -> None:
        with sender.FluentSender("py", port=port_of(address), nanosecond_precision=nanosecond_precision) as logger:
            for number in range(500):
                assert logger.emit("app", {"number": number, "text": "ümlaut"})

    intake = check(use, 500)
    assert records_of(intake) == [{"number": number, "text": "ümlaut"} for number in range(500)]
    assert {chunk.source["tag"] for chunk in intake.chunks} == {"py.app"}


def test_its_asynchronous_sender_sends_all_that_waits_when_it_is_closed() -> None:
    def use(address: str) -> None:
        logger = asyncsender.FluentSender("py", port=port_of(address), queue_maxsize=10_000, nanosecond_precision=True)
        for number in range(2000):
            logger.emit(f"app{number % 2}", {"number": number})
        logger.close()

    intake = check(use, 2000)
    assert [record["number"] for record in records_of(intake)] == list(range(2000))
    assert len({chunk.source["id"] for chunk in intake.chunks}) == 2


def test_it_may_use_a_unix_socket(tmp_path: Path) -> None:
    def use(address: str) -> None:
        with sender.FluentSender("py", host=address) as logger:
            assert logger.emit("app", {"number": 1})

    assert records_of(check(use, 1, unix=str(tmp_path / "forward.sock"))) == [{"number": 1}]


# -- Node --------------------------------------------------------------------------------------------------------------


def send_by_node(client: str, options: dict[str, Any], count: int) -> None:
    """Run a client of Node to its end; it ends well when it was told that everything is delivered."""
    told = {"client": client, "options": options, "count": count, "modules": str(npm.packages(FOLDER))}
    command = [npm.node(), str(FOLDER / "send.js"), json.dumps(told)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def expected(count: int) -> list[Any]:
    return [{"log": f"line {number} ümlaut", "number": number} for number in range(count)]


@pytest.mark.parametrize("acknowledged", [True, False])
@pytest.mark.parametrize("mode", ["Message", "PackedForward", "CompressedPackedForward"])
def test_fluent_logger_for_node_sends_in_every_mode(mode: str, acknowledged: bool) -> None:
    def use(address: str) -> None:
        options = {"host": "127.0.0.1", "port": port_of(address), "eventMode": mode, "timeout": 3000}
        send_by_node("fluent-logger", {**options, "requireAckResponse": acknowledged}, 200)

    intake = check(use, 200)
    assert records_of(intake) == expected(200)
    assert {chunk.source["tag"] for chunk in intake.chunks} == {"node.app"}


@pytest.mark.parametrize("acknowledged", [True, False])
@pytest.mark.parametrize("mode", ["Message", "Forward", "PackedForward", "CompressedPackedForward"])
def test_the_fluent_organisation_s_logger_for_node_sends_in_every_mode(mode: str, acknowledged: bool) -> None:
    def use(address: str) -> None:
        options: dict[str, Any] = {"socket": {"host": "127.0.0.1", "port": port_of(address)}, "eventMode": mode}
        if acknowledged:
            options["ack"] = {"ackTimeout": 30_000}
        send_by_node("@fluent-org/logger", options, 200)

    intake = check(use, 200)
    assert sorted(records_of(intake), key=lambda record: int(record["number"])) == expected(200)


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return make_identity(tmp_path, "server")


@pytest.fixture
def secured(tmp_path: Path, identity: Identity) -> dict[str, Any]:
    """Settings with TLS, client certificates, a shared key and a user."""
    key = tmp_path / "shared.key"
    key.write_text("a shared key\n")
    tls = {"certificate_file": str(identity.certificate), "key_file": str(identity.key)}
    reference = {"file": str(key)}
    return {
        "tls": {**tls, "client_ca_file": str(identity.certificate)},
        "shared_key": reference,
        "users": {"ann": reference},
    }


def test_node_s_client_passes_tls_client_certificates_shared_key_and_password(
    identity: Identity, secured: dict[str, Any]
) -> None:
    def use(address: str) -> None:
        assert address.startswith("tls://")
        files = {"ca": str(identity.certificate), "cert": str(identity.certificate), "key": str(identity.key)}
        security = {"clientHostname": "client", "sharedKey": "a shared key", "username": "ann"}
        options = {
            "host": "127.0.0.1",
            "port": port_of(address),
            "tls": True,
            "tlsOptions": files,
            "security": {**security, "password": "a shared key"},
            "eventMode": "CompressedPackedForward",
            "requireAckResponse": True,
        }
        send_by_node("fluent-logger", options, 100)

    assert records_of(check(use, 100, **secured)) == expected(100)


def test_without_a_certificate_or_without_tls_nobody_gets_in_and_it_is_counted(
    identity: Identity, secured: dict[str, Any]
) -> None:
    async def scenario() -> None:
        intake = RecordingIntake()
        settings = ForwardInput(type="forward", listen="127.0.0.1:0", **secured)
        server = ForwardServer("in", settings, "node-1")
        await server.start(intake)
        trusting = ssl.create_default_context(cafile=str(identity.certificate))
        for tls in (trusting, None):
            try:
                async with await Client.connect(server.addresses()[0], tls) as client:
                    await client.send(packed_forward("t", entries(1), {"chunk": "c"}))
                    assert await client.receive() is None
            except OSError:
                pass  # refused while it connected or sent
        failed = ("logferry_producer_errors_total", "forward_tls_handshake")
        await intake.until(lambda: intake.counts[failed] == 2)
        trusting.load_cert_chain(identity.certificate, identity.key)
        async with await Client.connect(server.addresses()[0], trusting) as client:
            assert (await client.shake_hands("a shared key", user="ann", password="a shared key"))[1] is True
            await client.send(packed_forward("t", entries(3000, 1000), {"chunk": "c"}))
            assert await client.receive() == {"ack": "c"}
        await server.stop()
        assert b"".join(chunk.payload for chunk in intake.chunks) == packed(entries(3000, 1000))

    asyncio.run(asyncio.wait_for(scenario(), 120))
