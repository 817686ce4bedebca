"""Input that listens for syslog."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.settings.inputs.listen import Address, ServerTls, SocketPath
from schemas.settings.parts import NUMBER, SIZE, Count, ScalarText, Seconds, Section, Size, mistake

_CHUNK_BYTES_AT_MOST = 4 * 1024 * 1024


class SyslogTls(ServerTls):
    """Syslog over TLS (RFC 5425)."""

    listen: Address
    """Where to listen; the port reserved for it is 6514."""


class SyslogInput(Section):
    """Syslog messages, as RFC 3164 or RFC 5424 writes them, by any of the transports in use. Name at least one."""

    type: Literal["syslog"]
    """The kind of input."""

    udp: Address | None = None
    """Where to listen for datagrams (RFC 5426); the port reserved for it is 514."""

    tcp: Address | None = None
    """Where to listen for connections (RFC 6587). Octet counting and line ends are told apart by themselves."""

    tls: SyslogTls | None = None
    """Where to listen for connections with TLS, and the certificate."""

    unix: SocketPath | None = None
    """Path of a stream socket, for Docker's syslog-address=unix://…"""

    unixgram: SocketPath | None = None
    """Path of a datagram socket, for Docker's syslog-address=unixgram://… and for /dev/log in a container."""

    unix_permissions: Annotated[ScalarText, Field(pattern=r"^[0-7]{3}$")] = "666"
    """Who may write to these sockets, in octal. Everybody, as it is for /dev/log."""

    tag: Annotated[str, Field(min_length=1)] | None = None
    """Tag of every message; by default host.<address of the sender>."""

    message_max_bytes: Annotated[int, Field(ge=2048, le=_CHUNK_BYTES_AT_MOST), SIZE] = 65_536
    """Longest message in one piece. A longer one is not cut short: it travels in pieces, each a message to its readers,
    and is counted. RFC 5424 asks for 2 KiB, RFC 5425 for 8 KiB, a datagram holds 64 KiB. Each connection may keep
    one unfinished message of this size in memory."""

    connections_max: Count = 256
    """Connections at a time, for each of tcp, tls and unix. Further ones wait in the kernel until one ends, and what
    they send waits with them. A connection with TLS takes about 300 KiB of memory."""

    idle_timeout_secs: Seconds | None = None
    """A connection that has been silent this long is closed. By default none is: a sender finds out only by losing its
    next message. Peers that have vanished are found by TCP's own keep-alive, within two minutes."""

    handshake_timeout_secs: Seconds = 10.0
    """How long a client may take for the TLS handshake. It holds one of the connections meanwhile."""

    senders_max: Count = 1000
    """Addresses of senders of datagrams that are kept apart, so that each keeps its order. The messages of all others
    share one source. A sender silent for an hour is forgotten when another needs its place."""

    receive_buffer_bytes: Size = 4_194_304
    """Buffer of the UDP socket in the kernel. It holds what arrives while the producer or Kafka is busy; what it cannot
    hold is dropped, and counted. More than net.core.rmem_max is to be had with CAP_NET_ADMIN only."""

    batch_interval_secs: Annotated[float, Field(gt=0, le=1.0), NUMBER] = 0.05
    """A sender's messages are sent together, at most this often. The first message after a pause is sent at once. What
    waits here is lost when the process is killed, for syslog knows no acknowledgement."""

    batch_max_bytes: Annotated[int, Field(ge=1024, le=_CHUNK_BYTES_AT_MOST), SIZE] = 262_144
    """A sender's messages are sent at the latest when there are so many of them."""

    buffer_max_bytes: Annotated[int, Field(ge=1024), SIZE] = 1_048_576
    """Messages of all senders are sent at the latest when there are so many of them."""

    @model_validator(mode="after")
    def _listens_somewhere(self) -> "SyslogInput":
        if not any((self.udp, self.tcp, self.tls, self.unix, self.unixgram)):
            raise mistake("it listens nowhere", "add udp, tcp, tls, unix or unixgram, for example udp: 0.0.0.0:514")
        if self.unix is not None and self.unix == self.unixgram:
            raise mistake("unix and unixgram cannot be the same path", "give each a path of its own")
        return self
