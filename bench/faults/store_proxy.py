"""A proxy before an S3 endpoint that answers as object stores do on their bad days.

Requests are passed on with every header that they came with, since the signature covers some of them.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from enum import Enum
from typing import Final

from bench.http_proxy import Exchange, HttpProxy

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


class StoreProxy(HttpProxy):
    """Stands on a port of its own; use it in a ``with`` block."""

    def __init__(self, upstream: str, seed: int = 20261121) -> None:
        """``upstream``: address of the real endpoint, ``http://HOST:PORT``."""
        super().__init__(upstream, _Exchange)
        self.share = 0.0
        """Of the requests that meet one of `faults`."""
        self.faults: tuple[StoreFault, ...] = ()
        self.late_secs = 8.0
        self.met: Counter[StoreFault] = Counter()
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    def draw(self) -> StoreFault | None:
        """What happens to the next request."""
        with self._lock:
            if not self.faults or self._chance.random() >= self.share:
                return None
            fault = self._chance.choice(self.faults)
            self.met[fault] += 1
            return fault


class _Exchange(Exchange):
    proxy: StoreProxy

    def exchange(self) -> None:
        fault, size = self.proxy.draw(), int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size // 2 if fault is StoreFault.RESET_EARLY else size)
        match fault:
            case StoreFault.RESET_EARLY:
                self.reset()
            case StoreFault.BUSY:
                self._answer(503, {"content-type": "application/xml"}, _BUSY)
            case StoreFault.FORBIDDEN:
                self._answer(403, {"content-type": "application/xml"}, _BUSY.replace(b"SlowDown", b"AccessDenied"))
            case StoreFault.RESET_LATE:
                self._passed_on(body)
                self.reset()
            case StoreFault.LATE:
                answer = self._passed_on(body)
                time.sleep(self.proxy.late_secs)
                self._answer(*answer)
            case None:
                self._answer(*self._passed_on(body))

    def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the real answer."""
        upstream = http.client.HTTPConnection(self.proxy.upstream, timeout=60)
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
