"""Sockets that syslog comes to in datagrams, a message each: UDP (RFC 5426) and Unix datagram sockets.

While there is no room, nothing is read: the kernel's buffer holds what comes. Beyond that a UDP socket drops, which the
kernel counts and this reports; who writes to a Unix socket waits.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from typing import TYPE_CHECKING, Final

from producers.chunk import Loss
from producers.core.seldom import Seldom
from producers.core.syslog.frames import pieces

if TYPE_CHECKING:
    from producers.intake import Intake
    from producers.syslog.outbox import Outbox, Sender
    from producers.syslog.senders import Senders
    from schemas.settings.inputs.syslog import SyslogInput

_log = logging.getLogger(__name__)

_READS_PER_TURN: Final = 100
"""Datagrams read before others have their turn."""

_DATAGRAM_BYTES: Final = 1024 * 1024
"""Longest datagram that is read whole. One of UDP has at most 64 KiB, of a Unix socket about 200 KiB by default."""

_SO_RCVBUFFORCE: Final = 33
_SO_MEMINFO: Final = 55
"""Linux's include/uapi/asm-generic/socket.h; the answer is nine numbers of 32 bits, the last one counts drops."""


class DatagramListener:
    """One socket that takes datagrams."""

    def __init__(
        self,
        bound: socket.socket,
        settings: SyslogInput,
        senders: Senders,
        outbox: Outbox,
        intake: Intake,
        name: str,
    ) -> None:
        self._socket = bound
        self._settings = settings
        self._senders = senders
        self._outbox = outbox
        self._intake = intake
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(_DATAGRAM_BYTES if bound.family == socket.AF_UNIX else 1 << 16))
        self._drops_seen = 0
        self._dropped, self._failed = Seldom(), Seldom()
        if bound.family != socket.AF_UNIX:
            _enlarge(bound, settings.receive_buffer_bytes, name)
        self.resume()

    def pause(self) -> None:
        """Read no more, for there is no room."""
        self._loop.remove_reader(self._socket)

    def resume(self) -> None:
        """Read on."""
        self._loop.add_reader(self._socket, self._read)

    def _read(self) -> None:
        """Take what is there, but not so much that others wait long."""
        for _ in range(_READS_PER_TURN):
            if self._outbox.is_pressed or not self._read_one():
                return

    def _read_one(self) -> bool:
        """Take a datagram; whether there was any."""
        try:
            length, peer = self._socket.recvfrom_into(self._buffer, 0, socket.MSG_TRUNC)
        except BlockingIOError:
            return False
        except OSError as error:
            self._intake.count("logferry_producer_errors_total", 1, "datagram")
            if times := self._failed.due(self._loop.time()):
                _log.warning(
                    "%s: reading a datagram failed (%d since this was said last): %s", self._name, times, error
                )
            return False
        if length:
            sender = self._senders.of_datagram(peer)
            message = bytes(self._buffer[:length])
            self._outbox.add(sender, self._in_pieces(message))
            if length > len(message):
                self._report_cut(sender, length - len(message))
        return True

    def _in_pieces(self, message: bytes) -> list[bytes]:
        if len(message) <= self._settings.message_max_bytes:
            return [message]
        self._intake.count("logferry_producer_syslog_split_messages_total", 1, self._name)
        return pieces(message, self._settings.message_max_bytes)

    def _report_cut(self, sender: Sender, length: int) -> None:
        """The end of a datagram did not fit into the buffer."""
        start, end = self._outbox.skip(sender, length, "too_long")
        detail = f"a datagram was longer than {_DATAGRAM_BYTES} bytes"
        self._intake.lost(
            Loss(sender.source, sender.path, sender.incarnation, start, end, "too_long", detail=detail, open_end=False)
        )

    def tick(self) -> None:
        """Report what the kernel has dropped since the last time."""
        drops = _drops(self._socket)
        new = (drops - self._drops_seen) & 0xFFFFFFFF
        self._drops_seen = drops
        if new:
            self._intake.count("logferry_producer_syslog_dropped_datagrams_total", new, self._name)
        if times := self._dropped.due(self._loop.time(), new):
            _log.error(
                "%s: the kernel dropped %d datagrams, for the socket's buffer was full: senders were faster than this "
                "producer or Kafka. Raise receive_buffer_bytes, or have them use tcp",
                self._name, times,
            )  # fmt: skip

    async def stop(self) -> None:
        """Read what has arrived, and take no more."""
        self.pause()
        for _ in range(self._settings.receive_buffer_bytes // 512):
            if self._outbox.is_pressed or not self._read_one():
                break
        self.tick()
        self._socket.close()


def _drops(bound: socket.socket) -> int:
    """How many datagrams the kernel has dropped, modulo 2^32; 0 where it does not tell (before Linux 4.12)."""
    try:
        answer = bound.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36)
    except OSError:
        return 0
    return int(struct.unpack("=9I", answer)[8]) if len(answer) == 36 else 0


def _enlarge(bound: socket.socket, wanted: int, name: str) -> None:
    """Give a socket a large buffer, past the system's limit where that is allowed."""
    try:
        bound.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, wanted)
    except OSError:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
    got = bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # the kernel doubles it, for its bookkeeping
    if got < wanted:
        _log.warning(
            "%s: the socket's buffer has %d bytes instead of %d: raise net.core.rmem_max, or grant CAP_NET_ADMIN",
            name, got, wanted,
        )  # fmt: skip
