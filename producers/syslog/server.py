"""One entry of `inputs` of type syslog: its listeners and what they share."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from producers.listening import inet_socket, ssl_context, unix_socket, url_of
from producers.syslog.connections import ConnectionListener
from producers.syslog.datagrams import DatagramListener
from producers.syslog.outbox import Outbox
from producers.syslog.senders import Senders
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from producers.intake import Intake
    from schemas.settings.inputs.syslog import SyslogInput

_log = logging.getLogger(__name__)

_TICK_SECS: Final = 1.0
"""How often idle connections and dropped datagrams are looked for."""


class Syslog:
    """One input that listens for syslog."""

    def __init__(self, name: str, settings: SyslogInput, node: str) -> None:
        self._name = name
        self._settings = settings
        self._node = node
        self._listeners: list[ConnectionListener | DatagramListener] = []
        self._senders: list[Senders] = []
        self._addresses: list[str] = []
        self._made: dict[str, int] = {}
        """Socket path -> inode of the socket that was made there."""
        self._outbox: Outbox
        self._intake: Intake
        self._ticking: asyncio.Task[None] | None = None

    async def start(self, intake: Intake) -> None:
        """Begin to listen. Raises SettingsError when an address cannot be had or a certificate cannot be read."""
        self._intake = intake
        self._outbox = Outbox(intake, self._settings, self._pause, self._resume)
        try:
            self._listen()
        except SettingsError:
            await self.stop()
            raise
        self._ticking = asyncio.get_running_loop().create_task(self._tick())
        _log.info("%s: listening for syslog on %s", self._name, ", ".join(self._addresses))

    async def stop(self) -> None:
        """Take nothing more; what has arrived is shipped before this returns."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait((self._ticking,))
            self._ticking = None
        for path, inode in self._made.items():
            _remove(path, inode)
        for listener in list(self._listeners):
            await listener.stop()
            self._listeners.remove(listener)
        for senders in self._senders:
            senders.end()
        await self._outbox.drain()
        self._senders.clear()
        self._made.clear()

    def addresses(self) -> list[str]:
        """Where it listens, as ``udp://127.0.0.1:514``; known once it has started."""
        return list(self._addresses)

    def _listen(self) -> None:
        settings = self._settings
        if settings.udp is not None:
            self._add("udp", inet_socket(settings.udp, socket.SOCK_DGRAM, self._where("udp")))
        if settings.tcp is not None:
            self._add("tcp", inet_socket(settings.tcp, socket.SOCK_STREAM, self._where("tcp")))
        if settings.tls is not None:
            where = self._where("tls")
            context = ssl_context(settings.tls, where)
            self._add("tls", inet_socket(settings.tls.listen, socket.SOCK_STREAM, f"{where}.listen"), context)
        if settings.unix is not None:
            self._add_unix("unix", settings.unix, socket.SOCK_STREAM)
        if settings.unixgram is not None:
            self._add_unix("unixgram", settings.unixgram, socket.SOCK_DGRAM)

    def _where(self, key: str) -> str:
        return f"inputs.{self._name}.{key}"

    def _add_unix(self, transport: str, path: str, kind: socket.SocketKind) -> None:
        permissions = int(self._settings.unix_permissions, 8)
        bound = unix_socket(path, kind, permissions, self._where(transport))
        self._made[path] = Path(path).stat().st_ino
        self._add(transport, bound, path=path)

    def _add(
        self, transport: str, bound: socket.socket, tls: ssl.SSLContext | None = None, path: str | None = None
    ) -> None:
        senders = Senders(self._node, self._name, self._settings, transport, path, self._outbox)
        self._senders.append(senders)
        self._addresses.append(url_of(transport, bound.getsockname()))
        if bound.type == socket.SOCK_DGRAM:
            self._listeners.append(
                DatagramListener(bound, self._settings, senders, self._outbox, self._intake, self._name)
            )
        else:
            self._listeners.append(
                ConnectionListener(bound, tls, self._settings, senders.begin, self._outbox, self._intake, self._name)
            )

    def _pause(self) -> None:
        for listener in self._listeners:
            listener.pause()

    def _resume(self) -> None:
        for listener in self._listeners:
            listener.resume()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECS)
            for listener in self._listeners:
                listener.tick()


def _remove(path: str, inode: int) -> None:
    """Remove a socket, unless somebody else has put another one there."""
    with suppress(OSError):
        if os.stat(path).st_ino == inode:  # noqa: PTH116 - one call, no object
            os.unlink(path)  # noqa: PTH108 - one call, no object
