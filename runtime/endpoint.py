"""The HTTP endpoint of a process: `/metrics` for Prometheus, `/live` and `/ready` for whoever looks after it.

`/live` and `/ready` answer 200 and ``ok``, or 503 and a line of text for each thing that is wrong. prometheus_client's
own server answers every path with the metrics, so only its WSGI application is used.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client import CollectorRegistry

_log = logging.getLogger(__name__)

SILENT_SECS: Final = 10.0
"""A client that says nothing for so long is hung up on."""


class Healthy(Protocol):
    """Whose health is asked for: a process, or several of them."""

    def live(self, now: float) -> list[str]:
        """Why it makes no progress; empty: it does."""

    def ready(self, now: float) -> list[str]:
        """What keeps it from its work; empty: nothing."""


def open_endpoint(host: str, port: int, registry: CollectorRegistry, health: Healthy) -> int:
    """Answer in threads from now on, for as long as the process lives; returns the port. Raises OSError."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    server = type("Server", (_Server,), {"address_family": family})(address, _Request)
    server.set_app(_application(make_wsgi_app(registry), health))
    threading.Thread(target=server.serve_forever, name="endpoint", daemon=True).start()
    return int(server.server_port)


def _application(metrics: WSGIApplication, health: Healthy) -> WSGIApplication:
    asked: dict[str, Callable[[float], list[str]]] = {"/live": health.live, "/ready": health.ready}

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start)
        if path not in asked:
            return _answer(start, "404 Not Found", ["there are /metrics, /live and /ready"])
        problems = asked[path](time.monotonic())
        return _answer(start, "503 Service Unavailable" if problems else "200 OK", problems or ["ok"])

    return application


def _answer(start: StartResponse, status: str, lines: list[str]) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return ["".join(f"{line}\n" for line in lines).encode()]


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 32

    def server_bind(self) -> None:
        """Bind without asking DNS for a name of the address, which takes seconds where nobody answers."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's
        """Clients that go away are nothing to tell anybody."""
        _log.debug("a request to the endpoint was broken off", exc_info=True)


class _Request(WSGIRequestHandler):
    timeout = SILENT_SECS

    def log_message(self, *_: Any) -> None:
        """A probe every few seconds is no news."""
