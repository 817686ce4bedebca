"""Clients that do not give up: what is not confirmed they send again, under the same name, to whoever listens there.

Each sends numbered lines of a source of its own until it is told to stop, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any, Self

from tests.e2e.numbered import lines
from tests.producers.forward_client import Client, event_time, packed_forward

Address = tuple[str, int]

PAUSE_SECS = 0.05
"""Between two attempts, when nobody listens."""
REST_SECS = 0.005
"""Between two batches that nobody confirms; without it all machines would only be busy with those."""


class Steadfast:
    """A client; use it in a ``with`` block."""

    def __init__(self, source: str, address: Address, batch: int = 20, size: int = 0) -> None:
        self.source = source
        self.sent = 0
        """Lines that were confirmed."""
        self.unanswered = 0
        """Requests that were sent whole before the connection broke."""
        self._address = address
        self._batch = batch
        self._size = size
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=source, daemon=True)
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self, timeout: float = 60.0) -> None:
        """Confirm what was begun, and stop. Raises what the client met that it did not expect."""
        self._stop.set()
        self._thread.join(timeout)
        if self._failure is not None:
            raise self._failure
        assert not self._thread.is_alive(), f"{self.source} still waits for a confirmation"

    def _work(self) -> None:
        try:
            self.run()
        except BaseException as error:  # raised again in the test's own thread
            self._failure = error

    def run(self) -> None:
        """Send until told to stop."""
        while not self._stop.is_set():
            self.deliver(lines(self.source, self._batch, first=self.sent, size=self._size))
            self.sent += self._batch

    def deliver(self, texts: list[str]) -> None:
        """Send lines and return when they are confirmed."""
        raise NotImplementedError


class HttpClient(Steadfast):
    """Posts text with an Idempotency-Key."""

    def __init__(self, source: str, address: Address, batch: int = 20, size: int = 0) -> None:
        super().__init__(source, address, batch, size)
        self.statuses: Counter[int] = Counter()
        """How often each was answered."""
        self.slowest_secs = 0.0
        """Longest wait for an answer."""
        self._connection = self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self._address, timeout=30)

    def deliver(self, texts: list[str]) -> None:
        """As Steadfast says."""
        body = "".join(f"{text}\n" for text in texts).encode()
        while (status := self._post(body, f"{self.source}-{self.sent}")) != 200:
            if status in (429, 503) or status is None:
                time.sleep(PAUSE_SECS)
            else:
                raise AssertionError(f"answered {status}")

    def _post(self, body: bytes, key: str) -> int | None:
        """The status; None when there was no answer."""
        headers = {"Content-Type": "text/plain", "Idempotency-Key": key}
        whole, began = False, time.monotonic()
        try:
            self._connection.request("POST", f"/logs/{self.source}", body, headers)
            whole = True
            with self._connection.getresponse() as answer:
                answer.read()
        except (OSError, http.client.HTTPException):
            self.unanswered += whole
            self._connection.close()
            return None
        self.slowest_secs = max(self.slowest_secs, time.monotonic() - began)
        self.statuses[answer.status] += 1
        return answer.status

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._connection.close()


class ForwardClient(Steadfast):
    """Sends packed entries with chunk ids and waits for each acknowledgement, as Fluent Bit does."""

    def run(self) -> None:
        """As Steadfast says; in a loop of its own."""
        asyncio.run(self._send())

    async def _send(self) -> None:
        client: Client | None = None
        while not self._stop.is_set():
            texts = lines(self.source, self._batch, first=self.sent, size=self._size)
            events: list[Any] = [[event_time(1_800_000_000, self.sent), {"log": text}] for text in texts]
            name = f"{self.source}-{self.sent}"
            request = packed_forward(self.source, events, {"chunk": name, "size": len(events)})
            while not await self._is_acknowledged(client := client or await self._connected(), request, name):
                await client.close()
                client = None
            self.sent += self._batch
        if client is not None:
            await client.close()

    async def _connected(self) -> Client:
        while True:
            with suppress(OSError):
                return await Client.connect(f"tcp://{self._address[0]}:{self._address[1]}")
            await asyncio.sleep(PAUSE_SECS)

    async def _is_acknowledged(self, client: Client, request: bytes, name: str) -> bool:
        whole = False
        try:
            await client.send(request)
            whole = True
            answer = await client.receive(60)
        except OSError:
            answer = None
        if answer is None:
            self.unanswered += whole
            return False
        assert answer == {"ack": name}
        return True


class SyslogClient(Steadfast):
    """Sends counted messages by TCP; nobody confirms them, so what the kernel took counts as sent."""

    def __init__(self, source: str, address: Address, batch: int = 20, size: int = 0) -> None:
        super().__init__(source, address, batch, size)
        self._socket: socket.socket | None = None

    def deliver(self, texts: list[str]) -> None:
        """As Steadfast says; a message of which only a part was taken is sent again whole."""
        for text in texts:
            message = f"<12>1 - host shop - - - {text}".encode()
            while not self._is_taken(b"%d %b" % (len(message), message)):
                time.sleep(PAUSE_SECS)
        time.sleep(REST_SECS)

    def _is_taken(self, frame: bytes) -> bool:
        try:
            if self._socket is None:
                self._socket = socket.create_connection(self._address, 30)
            self._socket.sendall(frame)
        except OSError:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            return False
        return True

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if self._socket is not None:
            self._socket.close()
