"""An HTTP server whose answers a test writes, one for each request."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    """By name in lower case."""
    body: bytes


@dataclass(frozen=True)
class Told:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Answering(ThreadingHTTPServer):
    """Asks ``answer`` for each request; use it in a ``with`` block."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Callable[[Asked], Told | None], tls: ssl.SSLContext | None = None) -> None:
        """``answer``: None hangs up."""
        super().__init__(("127.0.0.1", 0), _Conversation)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.answer = answer
        self.asked: list[Asked] = []
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_port}/in"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up, or are not let in; that is what tests are about."""


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Answering

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, headers, self.rfile.read(int(headers["content-length"])))
        self.server.asked.append(asked)
        told = self.server.answer(asked)
        if told is None:
            self.close_connection = True
            return
        self.send_response(told.status)
        for name, value in (("content-length", str(len(told.body))), *told.headers):
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(told.body)

    def log_message(self, *_: object) -> None:
        """Nothing."""
