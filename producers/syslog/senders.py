"""Who sends: one source for each peer address of a listener, so that each sender keeps its order.

A source is known by node, input, transport and the peer's host, but not by its port, which changes with every
connection. The peers of a Unix socket have no addresses and are one source. Of datagrams, whose senders anybody can
make up, only ``senders_max`` addresses are kept apart.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from producers.chunk import source_of
from producers.listening import bracketed, peer_host
from producers.syslog.outbox import Outbox, Sender
from schemas.identity import source_id

if TYPE_CHECKING:
    from schemas.settings.inputs.syslog import SyslogInput

_log = logging.getLogger(__name__)

KIND: Final = "syslog"

OTHERS: Final = "others"
"""Stands for a host where there are too many."""

_SILENT_NS: Final = 3600 * 10**9
_LOOK_NS: Final = 60 * 10**9
"""How often silent senders are looked for, while there are too many."""


class Senders:
    """The peers of one listener."""

    def __init__(
        self, node: str, name: str, settings: SyslogInput, transport: str, socket_path: str | None, outbox: Outbox
    ) -> None:
        """``name`` is the input's; ``socket_path`` that of a Unix socket."""
        self._node = node
        self._name = name
        self._settings = settings
        self._transport = transport
        self._socket_path = socket_path
        self._outbox = outbox
        self._of_host: dict[str, Sender] = {}
        self._others: Sender | None = None
        self._looked_ns = 0

    def begin(self, peer: object) -> Sender:
        """A new incarnation for a peer, by what getpeername gives."""
        return self._begin(peer_host(peer))

    def of_datagram(self, peer: object) -> Sender:
        """The incarnation of a peer that sends datagrams, by what recvfrom gives."""
        host = peer[0] if isinstance(peer, tuple) else ""
        sender = self._of_host.get(host)
        return sender if sender is not None else self._meet(host, peer)

    def _meet(self, host: str, peer: object) -> Sender:
        if len(self._of_host) >= self._settings.senders_max:
            self._forget_silent()
            if len(self._of_host) >= self._settings.senders_max:
                return self._other()
        sender = self._of_host[host] = self.begin(peer)
        return sender

    def _forget_silent(self) -> None:
        now_ns = time.time_ns()
        if now_ns - self._looked_ns < _LOOK_NS:
            return
        self._looked_ns = now_ns
        for host, sender in list(self._of_host.items()):
            if now_ns - sender.last_ns >= _SILENT_NS:
                del self._of_host[host]
                self._outbox.end(sender)

    def _other(self) -> Sender:
        if self._others is None:
            _log.warning(
                "%s: more than senders_max (%d) addresses send by %s; the rest share one source",
                self._name, self._settings.senders_max, self._transport,
            )  # fmt: skip
            self._others = self._begin(OTHERS)
        return self._others

    def _begin(self, host: str) -> Sender:
        identity = source_id(self._node, KIND, self._name, self._transport, host)
        source = source_of(identity, self._node, KIND, "syslog", tag=self._settings.tag)
        return Sender(source, f"{self._transport}://{self._socket_path or bracketed(host)}")

    def end(self) -> None:
        """Nothing comes any more: end the incarnations of those that sent datagrams."""
        for sender in (*self._of_host.values(), *filter(None, (self._others,))):
            self._outbox.end(sender)
        self._of_host.clear()
        self._others = None
