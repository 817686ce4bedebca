"""A TCP proxy before servers that can be shut, as a network or a load balancer does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Self

PIECE_BYTES: Final = 256 * 1024
_POLL_SECS: Final = 0.2
_CONNECT_SECS: Final = 5.0


class TcpProxy:
    """Stands on ports of its own, one for each server; use it in a ``with`` block, or start and close it."""

    def __init__(self, servers: Sequence[tuple[str, int]]) -> None:
        """``servers``: host and port of each."""
        self._servers = list(servers)
        self._listening = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in servers]
        self.ports: list[int] = [each.getsockname()[1] for each in self._listening]
        self._lock = threading.Lock()
        self._is_shut = False
        self._ended = False
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Let connections through."""
        for listening, server in zip(self._listening, self._servers, strict=True):
            listening.settimeout(_POLL_SECS)
            self._run(self._accept, listening, server)

    def close(self) -> None:
        """End."""
        self._ended = True
        self.shut()
        for each in self._threads:
            each.join()
        for listening in self._listening:
            listening.close()

    def shut(self) -> None:
        """Break all connections, and every further one at once."""
        with self._lock:
            self._is_shut = True
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def open(self) -> None:
        """Let connections through again."""
        with self._lock:
            self._is_shut = False

    def forward(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what a client says until it has ended."""
        _pass_on(client, server)

    def answer(self, server: socket.socket, client: socket.socket) -> None:
        """Pass on what a server says until it has ended."""
        _pass_on(server, client)

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]

    def _accept(self, listening: socket.socket, address: tuple[str, int]) -> None:
        while not self._ended:
            with suppress(TimeoutError):
                client, _ = listening.accept()
                client.settimeout(None)
                self._connect(client, address)

    def _connect(self, client: socket.socket, address: tuple[str, int]) -> None:
        try:
            server = socket.create_connection(address, _CONNECT_SECS)
        except OSError:  # nobody is there at the moment
            client.close()
            return
        server.settimeout(None)
        with self._lock:
            if self._is_shut:
                client.close()
                server.close()
                return
            self._sockets |= {client, server}
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._run(self._follow, self.forward, client, server)
            self._run(self._follow, self.answer, server, client)

    def _follow(
        self, way: Callable[[socket.socket, socket.socket], None], source: socket.socket, target: socket.socket
    ) -> None:
        with suppress(OSError):
            way(source, target)
        with self._lock:
            for each in (source, target):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                if each in self._sockets:
                    self._sockets.discard(each)
                else:
                    each.close()  # the other direction has ended as well


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(PIECE_BYTES):
        target.sendall(data)
