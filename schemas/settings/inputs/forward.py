"""Input that speaks fluentd's forward protocol."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.settings.inputs.listen import Address, ServerTls, SocketPath
from schemas.settings.node import CHUNK_BYTES_AT_MOST, KIB, MIB
from schemas.settings.parts import SIZE, Count, Problem, ProblemsError, ScalarText, Seconds, Section, mistake
from schemas.settings.secret import Secret

RequestSize = Annotated[int, Field(ge=64 * KIB, le=1024 * MIB), SIZE]


class ForwardInput(Section):
    """Takes what Fluentd, Fluent Bit, Docker's fluentd driver and the fluent-logger packages send.

    They expect port 24224. Requests with the option chunk (require_ack_response, fluentd-request-ack) are acknowledged
    only after Kafka has them; the others are not acknowledged at all.
    """

    type: Literal["forward"]
    """The kind of input."""

    listen: Address | None = None
    """Where to listen for connections."""

    tls: ServerTls | None = None
    """TLS for them, when set; plain otherwise."""

    unix: SocketPath | None = None
    """Path of a socket, for Docker's fluentd-address=unix://… and Fluent Bit's unix_path."""

    unix_permissions: Annotated[ScalarText, Field(pattern=r"^[0-7]{3}$")] = "666"
    """Who may write to that socket, in octal. Everybody, as for a port on this host."""

    tag_prefix: Annotated[str, Field(min_length=1)] | None = None
    """Put before the tags that clients send, with a dot: docker makes docker.web out of web."""

    shared_key: Secret | None = None
    """Key that clients must know (shared_key of Fluentd and Fluent Bit). Without one, everybody who reaches the address
    is admitted. Docker's driver and most fluent-logger packages know none: give those an address of their own."""

    users: dict[str, Secret] = {}
    """Users, each with a password, of whom a client must be one besides knowing the key."""

    self_hostname: Annotated[str, Field(min_length=1)] | None = None
    """Name that clients with a shared key are told; by default logferry.<node>. Fluentd refuses a server that has its
    own name."""

    request_max_bytes: RequestSize = 16 * MIB
    """Largest request as it comes. Twice the chunks that Fluentd's memory buffer makes (8 MiB; Fluent Bit's have 2).
    Its file buffer makes chunks of up to 256 MiB: set chunk_limit_size to 8m there. A larger request is refused."""

    decompressed_max_bytes: RequestSize = 32 * MIB
    """Most bytes that the entries of a gzipped request may become. A larger one is refused."""

    large_requests_max: Count = 2
    """How many requests above chunk_max_bytes may be in memory at a time; others wait, unread. With connections_max it
    bounds this input's memory, at the defaults to some 200 MiB in the worst case, and a few MiB in everyday life."""

    chunk_max_bytes: Annotated[int, Field(ge=4 * KIB, le=CHUNK_BYTES_AT_MOST), SIZE] = 256 * KIB
    """Entries are sent in chunks of at most this, cut between entries; one that is longer is a chunk of its own, up to
    7 MiB. As the files' own."""

    connections_max: Count = 256
    """Connections at a time, for each of listen and unix. Further ones wait in the kernel until one ends, and what they
    send waits with them."""

    tags_max: Count = 1000
    """Tags that are sources of their own, each in order and independent of the others. Tags beyond share 16 sources,
    and keep their tag and their order. A tag unheard for an hour makes place for another."""

    handshake_timeout_secs: Seconds = 10.0
    """How long a client may take for the TLS handshake, and again for that of the shared key."""

    request_timeout_secs: Seconds = 60.0
    """How long the bytes of one request may take to come, and an acknowledgement to be taken. 16 MiB in 60 s are
    2 Mbit/s, less than any cluster's network gives. Time in which nothing is read does not count."""

    idle_timeout_secs: Seconds | None = None
    """A connection that has been silent this long between requests is closed. By default none is: a client that wants
    no acknowledgements finds out only by losing its next record. Peers that have vanished are found by TCP's own
    keep-alive, within two minutes."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.listen is None and self.unix is None:
            raise mistake("it listens nowhere", "add listen: 0.0.0.0:24224, or unix: /run/logferry/forward.sock")
        if self.tls is not None and self.listen is None:
            raise ProblemsError([Problem("tls needs an address to listen on", "add listen", ("tls",))])
        if self.users and self.shared_key is None:
            raise ProblemsError([Problem("users need a shared_key", "add shared_key: {file: …}", ("users",))])
        return self
