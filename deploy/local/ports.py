"""Ports: chosen on the first start, remembered in the data folder, changed only when somebody else took one.

They come from below the range that the system gives to outgoing connections. A port of that range could be taken by
anybody's connection while a server is down, and a client that keeps trying to reach the stopped server may even
connect to itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import psutil

FIRST: Final = 20_000
COUNT: Final = 9_000  # stays under 30000, where Kubernetes node ports begin


@dataclass(frozen=True)
class Moved:
    """A remembered port that is somebody else's now."""

    use: str
    old: int
    new: int
    taken_by: str

    def __str__(self) -> str:
        return f"port {self.old} of {self.use} is taken by {self.taken_by}; using {self.new} from now on"


def settle(seed: str, uses: Iterable[str], remembered: Mapping[str, int]) -> tuple[dict[str, int], list[Moved]]:
    """A free port for each of `uses`: the remembered one, or one found by walking on from where `seed` leads."""
    ports: dict[str, int] = {}
    moved = []
    for use in uses:
        old = remembered.get(use)
        if old is not None and is_free(old):
            ports[use] = old
            continue
        ports[use] = _free_port(f"{seed} {use}", {*ports.values(), *remembered.values()})
        if old is not None:
            moved.append(Moved(use, old, ports[use], holder(old)))
    return ports, moved


def _free_port(seed: str, avoid: set[int]) -> int:
    start = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    candidates = (FIRST + (start + step) % COUNT for step in range(COUNT))
    return next(port for port in candidates if port not in avoid and is_free(port))


def is_free(port: int) -> bool:
    """Whether a server could listen there on loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Who listens on `port`, as far as we may know."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.pid or not connection.laddr:
                continue
            if connection.laddr.port == port:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return "another process"


def answers(port: int, timeout_secs: float = 0.5) -> bool:
    """Whether something accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout_secs).close()
    except OSError:
        return False
    return True
