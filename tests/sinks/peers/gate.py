"""A TCP proxy before a server that a test can shut, as a network or a load balancer does."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_POLL_SECS = 0.2


class Gate:
    """Stands on a port of its own for a server."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listening.settimeout(_POLL_SECS)
        self.port: int = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._is_shut = False
        self._ended = False
        self._sockets: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

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

    def close(self) -> None:
        """End."""
        self._ended = True
        self.shut()
        self._thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _ = self._listening.accept()
            except TimeoutError:
                continue
            client.settimeout(None)
            with self._lock:
                if self._is_shut:
                    client.close()
                    continue
                try:
                    server = socket.create_connection(self._server)
                except OSError:  # nobody is there at the moment
                    client.close()
                    continue
                self._sockets |= {client, server}
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with self._lock:
            for each in (source, target):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                if each in self._sockets:
                    self._sockets.discard(each)
                else:
                    each.close()  # the other direction has ended as well
