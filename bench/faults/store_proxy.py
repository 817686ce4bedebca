"""A proxy before an S3 endpoint that answers as object stores do on their bad days.

Requests are passed on with every header that they came with, since the signature covers some of them.
"""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self
from urllib.parse import urlsplit

_HOP_BY_HOP: Final = {"connection", "transfer-encoding", "content-length", "date", "server"}
"""Headers of an answer that are one connection's own, or said by this server."""
_BUSY: Final = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate</Message></Error>"
)


class StoreFault(Enum):
    """What may happen to a request."""

    BUSY = "503 SlowDown"
    RESET_EARLY = "reset in the middle of the request"
    RESET_LATE = "reset after it was passed on: the answer is lost"
    LATE = "the answer comes too late"
    FORBIDDEN = "403"


class StoreProxy:
    """Stands on a port of its own; use it in a ``with`` block."""

    def __init__(self, upstream: str, seed: int = 20261121) -> None:
        """``upstream``: address of the real endpoint, ``http://HOST:PORT``."""
        self.upstream = urlsplit(upstream).netloc
        self.share = 0.0
        """Of the requests that meet one of `faults`."""
        self.faults: tuple[StoreFault, ...] = ()
        self.late_secs = 8.0
        self.met: Counter[StoreFault] = Counter()
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Exchange)
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

    def draw(self) -> StoreFault | None:
        """What happens to the next request."""
        with self._lock:
            if not self.faults or self._chance.random() >= self.share:
                return None
            fault = self._chance.choice(self.faults)
            self.met[fault] += 1
            return fault


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True
    proxy: StoreProxy

    def handle_error(self, *_: object) -> None:
        """Clients are killed in the middle of their requests, and the endpoint may be away."""


class _Exchange(BaseHTTPRequestHandler):
    """Requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Nothing: the counters tell."""

    def do_GET(self) -> None:
        fault, size = self.server.proxy.draw(), int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size // 2 if fault is StoreFault.RESET_EARLY else size)
        match fault:
            case StoreFault.RESET_EARLY:
                self._reset()
            case StoreFault.BUSY:
                self._answer(503, {"content-type": "application/xml"}, _BUSY)
            case StoreFault.FORBIDDEN:
                self._answer(403, {"content-type": "application/xml"}, _BUSY.replace(b"SlowDown", b"AccessDenied"))
            case StoreFault.RESET_LATE:
                self._passed_on(body)
                self._reset()
            case StoreFault.LATE:
                answer = self._passed_on(body)
                time.sleep(self.server.proxy.late_secs)
                self._answer(*answer)
            case None:
                self._answer(*self._passed_on(body))

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815 - names that http.server looks for

    def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the real answer."""
        upstream = http.client.HTTPConnection(self.server.proxy.upstream, timeout=60)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            with upstream.getresponse() as answer:
                return answer.status, dict(answer.headers.items()), answer.read()
        finally:
            upstream.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        said = next((value for name, value in headers.items() if name.lower() == "content-length"), str(len(body)))
        self.send_header("content-length", said if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def _reset(self) -> None:
        """A TCP reset: closing with a linger of 0 seconds sends one."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
