"""A TCP proxy before Kafka's brokers that cuts, delays, stalls and loses, as networks and firewalls do.

Kafka's clients connect to the addresses that a broker tells them, so the proxy puts its own ports into the brokers'
answers: behind the host's name, in four bytes (Metadata, FindCoordinator: host STRING, port INT32).
"""

from __future__ import annotations

import random
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

_POLL_SECS: Final = 0.2
_PIECE_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class Line:
    """What the way to the brokers is like."""

    delay_secs: float = 0.0
    """Each request and each answer takes so long."""
    is_stalled: bool = False
    """Nothing passes, connections stay: a partition that nobody is told of. It passes once the line is well again."""
    loses_answers: float = 0.0
    """Share of the answers instead of which the connection breaks: the broker did what nobody learns of."""
    is_cut: bool = False
    """All connections break, and every further one at once."""


GOOD: Final = Line()


class KafkaProxy:
    """Stands on ports of its own for a cluster; use it in a ``with`` block."""

    def __init__(self, brokers: str, seed: int = 20261121) -> None:
        """``brokers``: HOST:PORT of each, separated by commas, as their clients are told."""
        self._brokers = [(host, int(port)) for host, _, port in (each.rpartition(":") for each in brokers.split(","))]
        self._listening = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in self._brokers]
        own = [each.getsockname()[1] for each in self._listening]
        self._names = [
            (host.encode() + port.to_bytes(4), host.encode() + ours.to_bytes(4))
            for (host, port), ours in zip(self._brokers, own, strict=True)
        ]
        self.address = ",".join(f"{host}:{ours}" for (host, _), ours in zip(self._brokers, own, strict=True))
        self.lost_answers = 0
        self._line = GOOD
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._ended = False
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        for listening, broker in zip(self._listening, self._brokers, strict=True):
            listening.settimeout(_POLL_SECS)
            self._run(self._accept, listening, broker)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self.cut()
        for each in self._threads:
            each.join()
        for listening in self._listening:
            listening.close()

    @property
    def line(self) -> Line:
        """What the way is like now; may be set at any time."""
        return self._line

    @line.setter
    def line(self, line: Line) -> None:
        with self._lock:
            self._line = line
            for each in self._sockets if line.is_cut else ():
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Break all connections, and every further one at once."""
        self.line = Line(is_cut=True)

    def heal(self) -> None:
        """Let everything through again."""
        self.line = GOOD

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]

    def _accept(self, listening: socket.socket, broker: tuple[str, int]) -> None:
        while not self._ended:
            with suppress(TimeoutError):
                client, _ = listening.accept()
                client.settimeout(None)
                self._connect(client, broker)

    def _connect(self, client: socket.socket, address: tuple[str, int]) -> None:
        try:
            broker = socket.create_connection(address, 5.0)
        except OSError:
            client.close()
            return
        broker.settimeout(None)
        with self._lock:
            if self._line.is_cut:
                client.close()
                broker.close()
                return
            self._sockets |= {client, broker}
            for each in (client, broker):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._run(self._pass_on, client, broker)
            self._run(self._answer, broker, client)

    def _pass_on(self, client: socket.socket, broker: socket.socket) -> None:
        """Requests, as they are."""
        with suppress(OSError):
            while data := client.recv(_PIECE_BYTES):
                self._wait()
                broker.sendall(data)
        self._end(client, broker)

    def _answer(self, broker: socket.socket, client: socket.socket) -> None:
        """Answers, each whole: its length in four bytes stands before it."""
        with suppress(OSError), broker.makefile("rb") as answers:
            while head := answers.read(4):
                body = answers.read(int.from_bytes(head))
                self._wait()
                if self._chance.random() < self._line.loses_answers:
                    self.lost_answers += 1
                    break
                for told, own in self._names:
                    body = body.replace(told, own)
                client.sendall(head + body)
        self._end(client, broker)

    def _wait(self) -> None:
        """As long as the line is stalled, and for its delay."""
        while self._line.is_stalled and not self._ended:
            time.sleep(0.05)
        if self._line.delay_secs:
            time.sleep(self._line.delay_secs)

    def _end(self, client: socket.socket, broker: socket.socket) -> None:
        with self._lock:
            for each in (client, broker):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                if each in self._sockets:
                    self._sockets.discard(each)
                else:
                    each.close()  # the other direction has ended as well
