"""The listening sockets and their connections, from start to stop.

No more connections are accepted than may be open, so further clients wait in the kernel's backlog and lose nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from producers.core.forward.entries import EntryLimits
from producers.core.forward.handshake import Admission, Challenge
from producers.core.forward.sources import Lives, Origins
from producers.core.forward.values import READ_MAX_BYTES, Reason, Refusal
from producers.core.seldom import Seldom
from producers.forward.connection import Connection, Shared
from producers.forward.delivery import Delivery
from producers.listening import bracketed, inet_socket, peer_host, ssl_context, unix_socket, url_of
from schemas.settings.node import CHUNK_BYTES_AT_MOST

if TYPE_CHECKING:
    from producers.intake import Intake
    from schemas.settings.inputs.forward import ForwardInput

_log = logging.getLogger(__name__)

_BACKLOG: Final = 1024
_RETRY_SECS: Final = 1.0
"""When no connection can be taken (too many open files), the next is tried after this."""

_DRAIN_SECS: Final = 4.0
"""How long connections have for what they were sent when the input stops. Less than the producer itself waits."""

_KEEP_ALIVE: Final = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))


class ForwardServer:
    """Input ``forward``: see producers/forward."""

    def __init__(self, name: str, settings: ForwardInput, node: str) -> None:
        self._name = name
        self._settings = settings
        self._node = node
        self._where = f"inputs.{name}"
        self._origins = Origins(node, name, settings.tag_prefix, settings.tags_max)
        self._tls: ssl.SSLContext | None = None
        self._listening: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._serving: dict[asyncio.Task[None], socket.socket] = {}
        self._said: dict[str, Seldom] = {}
        self._stopping = False

    async def start(self, intake: Intake) -> None:
        """Begin to listen. Raises SettingsError for an address, certificate or secret that cannot be had."""
        settings = self._settings
        limits = EntryLimits(settings.decompressed_max_bytes, settings.chunk_max_bytes, CHUNK_BYTES_AT_MOST)
        self._intake = intake
        self._shared = Shared(
            self._name, settings, limits, self._admission(), intake, asyncio.Semaphore(settings.large_requests_max)
        )
        self._tls = ssl_context(settings.tls, f"{self._where}.tls")
        try:
            self._bind()
        except BaseException:
            self._close_sockets()
            raise
        self._accepting = [asyncio.create_task(self._accept(each)) for each in self._listening]

    def _bind(self) -> None:
        settings = self._settings
        if settings.listen is not None:
            self._listening.append(inet_socket(settings.listen, socket.SOCK_STREAM, f"{self._where}.listen"))
        if settings.unix is not None:
            permissions = int(settings.unix_permissions, 8)
            bound = unix_socket(settings.unix, socket.SOCK_STREAM, permissions, f"{self._where}.unix")
            self._listening.append(bound)
        for each in self._listening:
            each.listen(_BACKLOG)

    def _admission(self) -> Admission | None:
        settings = self._settings
        if settings.shared_key is None:
            return None

        def read_file(path: str) -> str:
            return Path(path).read_text(encoding="utf-8")

        key = settings.shared_key.resolve(os.environ, read_file).encode()
        users = {
            user.encode(): password.resolve(os.environ, read_file).encode() for user, password in settings.users.items()
        }
        hostname = settings.self_hostname or f"logferry.{self._node}"
        return Admission(key, users, hostname.encode())

    def addresses(self) -> list[str]:
        """Where it listens, as ``tcp://127.0.0.1:24224``, ``tls://…`` or ``unix:///run/forward.sock``."""
        return [url_of(self._scheme(each), each.getsockname()) for each in self._listening]

    def _scheme(self, bound: socket.socket) -> str:
        if bound.family == socket.AF_UNIX:
            return "unix"
        return "tcp" if self._tls is None else "tls"

    # -- connections ---------------------------------------------------------------------------------------------------

    async def _accept(self, listening: socket.socket) -> None:
        places = asyncio.Semaphore(self._settings.connections_max)
        loop = asyncio.get_running_loop()
        while True:
            if places.locked() and (times := self._is_worth_saying("places")):
                _log.warning(
                    "input %s: all of connections_max (%d) are in use, others wait (%d times since this was said last)",
                    self._name, self._settings.connections_max, times,
                )  # fmt: skip
            await places.acquire()
            try:
                accepted, peer = await loop.sock_accept(listening)
            except OSError as error:
                places.release()
                self._fail("accept", error)
                await asyncio.sleep(_RETRY_SECS)
                continue
            task = asyncio.create_task(self._serve(accepted, peer_host(peer)))
            self._serving[task] = accepted
            task.add_done_callback(lambda done: self._serving.pop(done, None))
            task.add_done_callback(lambda _: places.release())

    async def _serve(self, accepted: socket.socket, peer: str) -> None:
        """Serve a connection to its end."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(READ_MAX_BYTES, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        tls = None if accepted.family == socket.AF_UNIX else self._tls
        timeout = self._settings.handshake_timeout_secs if tls else None
        try:
            if accepted.family != socket.AF_UNIX:
                _keep_alive(accepted)
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, accepted, ssl=tls, ssl_handshake_timeout=timeout
            )
        except OSError as error:
            accepted.close()
            self._fail("tls_handshake" if tls else "connection", error)
            return
        self._intake.count("logferry_producer_forward_connections_total", 1, self._name)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            refusal = await self._connection(reader, writer, peer).serve(self._challenge())
            if refusal is not None:
                self._refuse(peer, refusal)
        except OSError as error:
            self._fail("connection", error)
        finally:
            await _close(writer, self._settings.handshake_timeout_secs)

    def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> Connection:
        path = f"forward://{bracketed(peer) or 'localhost'}"
        lives = Lives(path, b"%d " % time.time_ns() + secrets.token_bytes(8))
        delivery = Delivery(self._intake, self._origins, lives, path, self._settings.chunk_max_bytes)
        return Connection(self._shared, reader, writer, delivery)

    def _challenge(self) -> Challenge:
        return Challenge(secrets.token_bytes(16), secrets.token_bytes(16) if self._settings.users else b"")

    def _refuse(self, peer: str, refusal: Refusal) -> None:
        if self._stopping and refusal.reason == "cut_off":
            return  # by us
        self._intake.count("logferry_producer_forward_refused_total", 1, self._name, refusal.reason)
        if times := self._is_worth_saying(refusal.reason):
            _log.warning(
                "input %s closed a connection of %s (%s): %s (%d times since this was said last)",
                self._name, peer or "this host", refusal.reason, refusal.detail, times,
            )  # fmt: skip

    def _fail(self, kind: str, error: OSError) -> None:
        self._intake.count("logferry_producer_errors_total", 1, f"forward_{kind}")
        if times := self._is_worth_saying(kind):
            _log.warning("input %s: %s failed (%d times since this was said last): %s", self._name, kind, times, error)

    def _is_worth_saying(self, what: Reason | str) -> int:
        return self._said.setdefault(what, Seldom()).due(asyncio.get_running_loop().time())

    # -- the end -------------------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Take nothing more; what has come whole is shipped, and acknowledged, before this returns."""
        self._stopping = True
        for accepting in self._accepting:
            accepting.cancel()
        if self._accepting:
            await asyncio.wait(self._accepting)
        self._close_sockets()
        for accepted in self._serving.values():
            with suppress(OSError):  # it has ended by itself
                accepted.shutdown(socket.SHUT_RD)  # what has arrived is still read
        if self._serving:
            await asyncio.wait(list(self._serving), timeout=_DRAIN_SECS)
        for task in list(self._serving):
            task.cancel()
        if self._serving:
            await asyncio.wait(list(self._serving))

    def _close_sockets(self) -> None:
        for each in self._listening:
            if each.family == socket.AF_UNIX:
                Path(each.getsockname()).unlink(missing_ok=True)
            each.close()
        self._listening = []


def _keep_alive(accepted: socket.socket) -> None:
    """Have the kernel find out that a peer has vanished."""
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE:
        accepted.setsockopt(socket.IPPROTO_TCP, option, value)


async def _close(writer: asyncio.StreamWriter, timeout_secs: float) -> None:
    """Close in order, so that the last answer arrives; a peer that does not take it is cut off."""
    writer.close()
    try:
        async with asyncio.timeout(timeout_secs):
            await writer.wait_closed()
    except OSError:  # it was broken, or TimeoutError
        writer.transport.abort()
