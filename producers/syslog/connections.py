"""Connections that syslog comes by: TCP, TLS, Unix stream sockets.

No more connections are accepted than may be open, so further clients wait in the kernel's backlog and lose nothing.
All connections of a listener read into one buffer, for the loop hands over what it read before it reads again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from producers.core.seldom import Seldom
from producers.core.syslog.frames import Frames

if TYPE_CHECKING:
    from producers.intake import Intake
    from producers.syslog.outbox import Outbox, Sender
    from schemas.settings.inputs.syslog import SyslogInput

_log = logging.getLogger(__name__)

_READ_BYTES: Final = 64 * 1024
_BACKLOG: Final = 1024
_RETRY_SECS: Final = 1.0
_CLOSE_SECS: Final = 2.0
"""How long what has arrived already is read on when the input stops."""

_KEEP_ALIVE: Final = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))


class Connection(asyncio.BufferedProtocol):
    """One connection: one incarnation of its peer's source."""

    def __init__(self, listener: ConnectionListener) -> None:
        self._listener = listener
        self._frames = Frames(listener.settings.message_max_bytes)
        self._sender: Sender
        self.transport: asyncio.Transport
        self.heard_at = 0.0
        """When it sent something last, in the loop's time."""
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin an incarnation."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.heard_at = self._listener.loop.time()
        self._sender = self._listener.sender(transport.get_extra_info("peername"))
        self._listener.connections.add(self)
        if self._listener.outbox.is_pressed:
            transport.pause_reading()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where to read to."""
        return self._listener.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on the messages that have become whole."""
        self.heard_at = self._listener.loop.time()
        messages = self._frames.feed(self._listener.buffer[:nbytes])
        if messages:
            self._listener.outbox.add(self._sender, messages)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """End the incarnation, with what has come of an unfinished message."""
        listener = self._listener
        listener.outbox.add(self._sender, self._frames.finish())
        listener.outbox.end(self._sender)
        listener.connections.discard(self)
        listener.count_split(self._frames.split_messages)
        if not self.closed.done():
            self.closed.set_result(None)


class ConnectionListener:
    """One listening socket and the connections that it took."""

    def __init__(
        self,
        listening: socket.socket,
        tls: ssl.SSLContext | None,
        settings: SyslogInput,
        sender: Callable[[object], Sender],
        outbox: Outbox,
        intake: Intake,
        name: str,
    ) -> None:
        """``sender`` begins an incarnation for a peer, by what getpeername gives; ``name`` is the input's."""
        self._socket = listening
        self._tls = tls
        self.settings = settings
        self.sender = sender
        self.outbox = outbox
        self._intake = intake
        self._name = name
        self.loop = asyncio.get_running_loop()
        self.buffer = memoryview(bytearray(_READ_BYTES))
        self.connections: set[Connection] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(settings.connections_max)
        self._full, self._refused = Seldom(), Seldom()
        listening.listen(_BACKLOG)
        self._accepting = self.loop.create_task(self._accept())

    async def _accept(self) -> None:
        while True:
            if self._free.locked() and self._full.due(self.loop.time()):
                _log.warning("%s: all of connections_max (%d) are in use, others wait", self._name,
                             self.settings.connections_max)  # fmt: skip
            await self._free.acquire()
            try:
                accepted, _ = await self.loop.sock_accept(self._socket)
            except OSError as error:
                self._free.release()
                self._complain("accept", error)
                await asyncio.sleep(_RETRY_SECS)
            else:
                task = self.loop.create_task(self._serve(accepted))
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)

    async def _serve(self, accepted: socket.socket) -> None:
        try:
            if accepted.family != socket.AF_UNIX:
                _keep_alive(accepted)
            timeout = self.settings.handshake_timeout_secs if self._tls else None
            _, connection = await self.loop.connect_accepted_socket(
                lambda: Connection(self), accepted, ssl=self._tls, ssl_handshake_timeout=timeout
            )
            self._intake.count("logferry_producer_syslog_connections_total", 1, self._name)
            await connection.closed
        except OSError as error:  # a handshake that failed or took too long, too
            self._complain("tls_handshake" if self._tls else "connection", error)
        finally:
            accepted.close()
            self._free.release()

    def _complain(self, kind: str, error: OSError) -> None:
        self._intake.count("logferry_producer_errors_total", 1, kind)
        if times := self._refused.due(self.loop.time()):
            _log.warning("%s: a connection failed (%d since this was said last): %s", self._name, times, error)

    def count_split(self, messages: int) -> None:
        """Count messages that were longer than the limit."""
        if messages:
            self._intake.count("logferry_producer_syslog_split_messages_total", messages, self._name)

    def pause(self) -> None:
        """Read no more, for there is no room."""
        for connection in self.connections:
            connection.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        for connection in self.connections:
            connection.transport.resume_reading()

    def tick(self) -> None:
        """Close connections that have been silent for too long."""
        limit = self.settings.idle_timeout_secs
        if limit is None or self.outbox.is_pressed:
            return
        silent_since = self.loop.time() - limit
        for connection in [each for each in self.connections if each.heard_at < silent_since]:
            connection.transport.close()

    async def stop(self) -> None:
        """Accept no more, read what has arrived, and end all connections."""
        self._accepting.cancel()
        await asyncio.wait((self._accepting,))
        self._socket.close()
        for connection in self.connections:
            _shut(connection)
        if self._serving:
            await asyncio.wait(self._serving, timeout=_CLOSE_SECS)
        for connection in list(self.connections):
            connection.transport.abort()
        while self.connections:
            await asyncio.sleep(0)
        for task in self._serving:
            task.cancel()  # it is in the middle of a handshake
        if self._serving:
            await asyncio.wait(self._serving)


def _keep_alive(accepted: socket.socket) -> None:
    """Have the kernel find out that a peer has vanished."""
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE:
        accepted.setsockopt(socket.IPPROTO_TCP, option, value)


def _shut(connection: Connection) -> None:
    """Have the connection end behind the bytes that have arrived already."""
    try:
        connection.transport.get_extra_info("socket").shutdown(socket.SHUT_RD)
    except OSError:
        connection.transport.abort()  # it has ended by itself
