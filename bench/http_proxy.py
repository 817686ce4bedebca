"""What proxies before HTTP servers have in common: a server on a port of its own, and how a connection is reset."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit


class HttpProxy:
    """Stands on a port of its own; use it in a ``with`` block."""

    def __init__(self, upstream: str, exchange: type[Exchange]) -> None:
        """``upstream``: address of the real server, ``http://HOST:PORT``; ``exchange``: what happens to requests."""
        self.upstream = urlsplit(upstream).netloc
        self._server = _Server(("127.0.0.1", 0), exchange)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True
    proxy: HttpProxy

    def handle_error(self, *_: object) -> None:
        """Clients are killed in the middle of their requests, and the real server may be away."""


class Exchange(BaseHTTPRequestHandler):
    """Requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    @property
    def proxy(self) -> Any:
        """Whose exchange this is; each kind of exchange knows its own kind of proxy."""
        return self.server.proxy

    def exchange(self) -> None:
        """Answer one request, or do not."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """All methods alike."""
        self.exchange()

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815 - names that http.server looks for

    def finish(self) -> None:
        """The client may have gone."""
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Nothing: the counters tell."""

    def reset(self) -> None:
        """A TCP reset: closing with a linger of 0 seconds sends one."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
