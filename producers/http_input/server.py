"""The listening socket and its connections, from start to stop."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from producers.core.http.credentials import Credentials
from producers.core.http.refusals import refusal
from producers.http_input.connection import Connection
from producers.http_input.receive import Receiver
from producers.http_input.responses import refused
from producers.listening import cannot_listen, ssl_context, url_of
from schemas.settings.inputs.listen import host_and_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from producers.intake import Intake
    from schemas.settings.inputs.http import HttpInput

_log = logging.getLogger(__name__)

HANDSHAKE_TIMEOUT_SECS: Final = 10.0
"""A client that does not finish TLS's handshake within this gives its place to another."""

LINGERING_MAX_SECS: Final = 10.0
"""So long the rest of a refused body is read and thrown away, for a client that still writes reads no answer."""

_PAUSE_SECS: Final = 1.0
"""When no connection can be taken (too many open files), the next is tried after this."""

_ANSWERS_SECS: Final = 1.0
"""How long clients may take to read their last answers when the input stops."""


class HttpServer:
    """Input ``http``: see producers/http_input."""

    def __init__(self, name: str, settings: HttpInput, node: str) -> None:
        self._name = name
        self._settings = settings
        self._node = node
        self._where = f"inputs.{name}"
        self._places = asyncio.Semaphore(settings.connections_max)
        self._connecting: set[asyncio.Task[None]] = set()
        self._tls: ssl.SSLContext | None = None
        self._socket: socket.socket | None = None

    async def start(self, intake: Intake) -> None:
        """Begin to listen. Raises SettingsError for an address, certificate or secret that cannot be had."""
        settings = self._settings
        credentials = _credentials(settings)
        self._intake = intake
        self._tls = ssl_context(settings.tls, f"{self._where}.tls")
        self._receiver = Receiver(self._name, settings, self._node, intake, credentials, _steady_clock())
        self._server = web.Server(self._receiver.answer)
        self._socket = _listen(settings, f"{self._where}.listen")
        self._accepting = asyncio.create_task(self._accept(self._socket))

    def addresses(self) -> list[str]:
        """Where it listens, as ``http://127.0.0.1:4318``."""
        scheme = "http" if self._tls is None else "https"
        return [] if self._socket is None else [url_of(scheme, self._socket.getsockname())]

    async def stop(self) -> None:
        """Take nothing more; ship what was received whole, and answer it."""
        if self._socket is None:
            return
        self._accepting.cancel()
        await asyncio.wait((self._accepting, *self._connecting), timeout=_ANSWERS_SECS)
        self._socket.close()
        await self._receiver.stop()
        self._server.pre_shutdown()
        await self._server.shutdown(_ANSWERS_SECS)

    async def _accept(self, listening: socket.socket) -> None:
        """Connections beyond connections_max wait in the kernel's queue until another is closed."""
        loop = asyncio.get_running_loop()
        while True:
            await self._places.acquire()
            try:
                connected, _ = await loop.sock_accept(listening)
            except OSError as error:
                self._places.release()
                self._intake.count("logferry_producer_errors_total", 1, "http_accept")
                _log.warning("input %s cannot take a connection: %s", self._name, error.strerror)
                await asyncio.sleep(_PAUSE_SECS)
                continue
            connecting = asyncio.create_task(self._connect(connected))
            self._connecting.add(connecting)
            connecting.add_done_callback(self._connecting.discard)

    async def _connect(self, connected: socket.socket) -> None:
        """Let aiohttp have the connection. A place is given back once, when it ends or when TLS fails."""
        settings = self._settings
        connection = partial(
            Connection,
            self._server,
            self._places.release,
            self._refuse,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=settings.idle_timeout_secs,
            access_log=None,
            max_line_size=settings.header_max_bytes,
            max_field_size=settings.header_max_bytes,
            auto_decompress=False,
            lingering_time=min(LINGERING_MAX_SECS, settings.body_timeout_secs),
        )
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                connection,
                connected,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_SECS if self._tls else None,
            )
        except (OSError, EOFError) as error:
            self._places.release()
            self._intake.count("logferry_producer_errors_total", 1, "http_handshake")
            _log.debug("a client of input %s did not connect: %s", self._name, error)

    def _refuse(self, outcome: str) -> web.Response:
        self._receiver.count(outcome)
        return refused(refusal(outcome), "", "", self._settings.retry_after_secs)


def _credentials(settings: HttpInput) -> Credentials:
    def read_file(path: str) -> str:
        return Path(path).read_text(encoding="utf-8")

    tokens = [token.resolve(os.environ, read_file) for token in settings.tokens]
    users = {user: password.resolve(os.environ, read_file) for user, password in settings.users.items()}
    return Credentials(tokens, users)


def _steady_clock() -> Callable[[], float]:
    """Seconds since 1970 that no correction of the clock can turn back."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


def _listen(settings: HttpInput, where: str) -> socket.socket:
    host, port = host_and_port(settings.listen)
    try:
        listening = _bind(host, port, settings.connections_max)
    except OSError as error:
        raise cannot_listen(settings.listen, where, error) from error
    listening.setblocking(False)  # noqa: FBT003 - the name says it
    return listening


def _bind(host: str, port: int, backlog: int) -> socket.socket:
    """A listening TCP socket; an empty host: all addresses, of both families where the host has both."""
    if not host and socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=backlog, dualstack_ipv6=True)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
    found = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)  # noqa: S104
    family, _, _, _, address = found[0]
    return socket.create_server((str(address[0]), port), family=family, backlog=backlog)
