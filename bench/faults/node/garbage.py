"""Clients that send garbage to the inputs that listen, while one that is well behaved is confirmed line after line."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgpack

from bench.faults.node.events import Events
from bench.faults.node.loop import Loop
from bench.faults.node.stage_door import read_also
from bench.tasks import free_port
from deploy.demo.lines import Profile

if TYPE_CHECKING:
    from bench.faults.site import Site

BATCH: Final = 20
SOURCE: Final = "pushed"
LINES: Final = Events(Profile(klog_share=0.0))
HEAD: Final = b"POST /logs/garbage HTTP/1.1\r\nHost: node\r\nContent-Type: text/plain\r\n"

SYSLOG: Final[tuple[bytes, ...]] = (
    b"999999999999 <12>1 - poison",
    b"<12>1 - poison without a length\n<12>poison\n",
    b"-7 poison 0 0 0 ",
    b"<999999>99 poison\x00\xff\n" * 50,
    b"40 <12>1 - - - - - poison",
)
FORWARD: Final[tuple[bytes, ...]] = (
    b"\xdd\xff\xff\xff\xff" + b"poison",
    b"\x91" * 5000,
    msgpack.packb(["poison", 7, {"log": "poison"}, {"chunk": 7}]),
    msgpack.packb(["poison", b"\xc1\xc1\xc1", {"compressed": "gzip"}]),
    msgpack.packb(["poison", [[1, {"log": "poison", 7: {b"\xff": [None]}}], "poison", [], [1], [[], {}]]]),
    msgpack.packb({"poison": "poison"}),
)
HTTP: Final[tuple[bytes, ...]] = (
    b"GARBAGE\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    HEAD + b"Content-Length: 99999999999\r\n\r\npoison",
    HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\npoison\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    HEAD + b"Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\npoison",
    HEAD + b"X: " + b"poison" * 20_000 + b"\r\n\r\n",
    HEAD.replace(b"garbage", b"%00%ff%2e%2e") + b"Content-Length: 7\r\n\r\npoison\n",
    HEAD.replace(b"/logs/garbage", b"/v1/logs") + b"Content-Length: 6\r\n\r\npoison",
)


class Garbage:
    """Sends garbage all the time, and every line of its own until it is confirmed."""

    is_noisy = True

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ports = {name: free_port() for name in ("http", "forward", "syslog")}
        self._random = random.Random(20261121)
        self._sent = 0
        read_also(site, self._inputs())
        self._client = Loop(self._push)
        self._vandal = Loop(self._vandalise, 0.05)

    def _inputs(self) -> dict[str, Any]:
        at = {name: f"127.0.0.1:{port}" for name, port in self._ports.items()}
        return {
            "http": {"type": "http", "listen": at["http"]},
            "forward": {"type": "forward", "listen": at["forward"]},
            "syslog": {"type": "syslog", "tcp": at["syslog"], "udp": at["syslog"], "tag": "syslog"},
        }

    def _push(self, _: float) -> None:
        lines = [LINES.content(SOURCE, number) for number in range(self._sent, self._sent + BATCH)]
        if self._is_confirmed(b"\n".join(lines) + b"\n", f"{SOURCE}-{self._sent}"):
            self._sent += BATCH

    def _is_confirmed(self, body: bytes, key: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._ports["http"], timeout=30)
        try:
            connection.request("POST", f"/logs/{SOURCE}", body, {"Content-Type": "text/plain", "Idempotency-Key": key})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        assert status in (200, 429, 503), f"a proper request was answered {status}"
        return status == 200

    def _vandalise(self, _: float) -> None:
        for name, kinds in (("syslog", SYSLOG), ("forward", FORWARD), ("http", HTTP)):
            noise = b"poison" + self._random.randbytes(self._random.choice((1, 100, 70_000)))
            self._throw(self._ports[name], self._random.choice((*kinds, noise)))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, suppress(OSError):
            datagrams.sendto(self._random.choice(SYSLOG)[:1000], ("127.0.0.1", self._ports["syslog"]))

    def _throw(self, port: int, noise: bytes) -> None:
        """Send it, and hang up at once, in the middle of it, or with a reset."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.settimeout(2.0)
            if self._random.random() < 0.3:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(
                noise[: self._random.randrange(len(noise) + 1)] if self._random.random() < 0.3 else noise
            )

    def start(self) -> None:
        """As the protocol says."""
        self._client.start()
        self._vandal.start()

    def stop(self) -> None:
        """As the protocol says."""
        self._vandal.stop()
        self._client.stop()
        until = time.monotonic() + 30.0
        while not self._is_final() and time.monotonic() < until:
            time.sleep(0.1)

    def _is_final(self) -> bool:
        """What was sent without an answer is sent until there is one."""
        before = self._sent
        self._push(0.0)
        return self._sent > before

    def written(self) -> Mapping[str, int]:
        """Lines that were confirmed."""
        return {SOURCE: self._sent}

    def unavoidable(self) -> Mapping[str, set[int]]:
        """None: who was answered 200 may forget them."""
        return {}


def garbage(site: Site) -> Garbage:
    """As the module says."""
    return Garbage(site)
