"""A TCP proxy before Kafka's brokers that cuts, delays, stalls and loses, as networks and firewalls do.

Kafka's clients connect to the addresses that a broker tells them, so the proxy puts its own ports into the brokers'
answers: behind the host's name, in four bytes (Metadata, FindCoordinator: host STRING, port INT32).
"""

from __future__ import annotations

import random
import socket
import time
from dataclasses import dataclass
from typing import Final

from bench.tcp_proxy import PIECE_BYTES, TcpProxy


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


class KafkaProxy(TcpProxy):
    """Stands on ports of its own for a cluster; use it in a ``with`` block."""

    def __init__(self, brokers: str, seed: int = 20261121) -> None:
        """``brokers``: HOST:PORT of each, separated by commas, as their clients are told."""
        servers = [(host, int(port)) for host, _, port in (each.rpartition(":") for each in brokers.split(","))]
        super().__init__(servers)
        self._names = [
            (host.encode() + port.to_bytes(4), host.encode() + ours.to_bytes(4))
            for (host, port), ours in zip(servers, self.ports, strict=True)
        ]
        self.address = ",".join(f"{host}:{ours}" for (host, _), ours in zip(servers, self.ports, strict=True))
        self.lost_answers = 0
        self._line = GOOD
        self._chance = random.Random(seed)

    @property
    def line(self) -> Line:
        """What the way is like now; may be set at any time."""
        return self._line

    @line.setter
    def line(self, line: Line) -> None:
        self._line = line
        if line.is_cut:
            self.shut()
        else:
            self.open()

    def cut(self) -> None:
        """Break all connections, and every further one at once."""
        self.line = Line(is_cut=True)

    def heal(self) -> None:
        """Let everything through again."""
        self.line = GOOD

    def forward(self, client: socket.socket, server: socket.socket) -> None:
        """Requests, as they are."""
        while data := client.recv(PIECE_BYTES):
            self._wait()
            server.sendall(data)

    def answer(self, server: socket.socket, client: socket.socket) -> None:
        """Answers, each whole: its length in four bytes stands before it."""
        with server.makefile("rb") as answers:
            while head := answers.read(4):
                body = answers.read(int.from_bytes(head))
                self._wait()
                if self._chance.random() < self._line.loses_answers:
                    self.lost_answers += 1
                    break
                for told, own in self._names:
                    body = body.replace(told, own)
                client.sendall(head + body)

    def _wait(self) -> None:
        """As long as the line is stalled, and for its delay."""
        while self._line.is_stalled and not self._ended:
            time.sleep(0.05)
        if self._line.delay_secs:
            time.sleep(self._line.delay_secs)
