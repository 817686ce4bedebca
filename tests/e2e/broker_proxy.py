"""A TCP proxy before a broker that a test can cut, as a network or a firewall does.

Kafka's clients connect to the address that the broker tells them, so the proxy puts its own port into the broker's
answers: behind the host's name, in four bytes (Metadata, FindCoordinator: host STRING, port INT32).
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

_POLL_SECS = 0.2


class BrokerProxy:
    """Stands on a port of its own for a broker; use it in a ``with`` block."""

    def __init__(self, broker: str) -> None:
        """``broker``: HOST:PORT, as its clients are told."""
        host, _, port = broker.rpartition(":")
        self._broker = (host, int(port))
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listening.settimeout(_POLL_SECS)
        own = self._listening.getsockname()[1]
        self.address = f"{host}:{own}"
        self._told = host.encode() + int(port).to_bytes(4)
        self._own = host.encode() + own.to_bytes(4)
        self._lock = threading.Lock()
        self._is_cut = False
        self._ended = False
        self._sockets: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self.cut()
        for each in self._threads:
            each.join()
        self._listening.close()

    def cut(self) -> None:
        """Break all connections, and every further one at once."""
        with self._lock:
            self._is_cut = True
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        """Let connections through again."""
        with self._lock:
            self._is_cut = False

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _ = self._listening.accept()
            except TimeoutError:
                continue
            self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        with self._lock:
            if self._is_cut:
                client.close()
                return
            client.settimeout(None)
            broker = socket.create_connection(self._broker)
            self._sockets |= {client, broker}
        for target, ends in ((self._pass_on, (client, broker)), (self._answer, (broker, client))):
            thread = threading.Thread(target=target, args=ends, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _pass_on(self, client: socket.socket, broker: socket.socket) -> None:
        """Requests, as they are."""
        with suppress(OSError):
            while data := client.recv(65536):
                broker.sendall(data)
        self._end(client, broker)

    def _answer(self, broker: socket.socket, client: socket.socket) -> None:
        """Answers, each whole: its length in four bytes stands before it."""
        with suppress(OSError), broker.makefile("rb") as answers:
            while head := answers.read(4):
                body = answers.read(int.from_bytes(head))
                client.sendall(head + body.replace(self._told, self._own))
        self._end(client, broker)

    def _end(self, client: socket.socket, broker: socket.socket) -> None:
        with self._lock:
            for each in (client, broker):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                if each in self._sockets:
                    self._sockets.discard(each)
                else:
                    each.close()  # the other direction has ended as well
