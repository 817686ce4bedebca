"""Logs over HTTP: OTLP/HTTP of OpenTelemetry, and lines of text or JSON from any program that can post."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.settings.inputs.listen import Listening
from schemas.settings.node import CHUNK_BYTES_AT_MOST, KIB, MIB
from schemas.settings.parts import NUMBER, SIZE, Count, Problem, ProblemsError, Seconds
from schemas.settings.secret import Secret

Tag = Annotated[str, Field(pattern=r"^[\w.:@/+-]{1,200}$")]
UserName = Annotated[str, Field(pattern=r"^[^:]+$")]


class HttpInput(Listening):
    """Takes OTLP logs at /v1/logs and lines at /, /logs and /logs/<tag>; answers 200 only after Kafka has them.

    OpenTelemetry's exporters expect port 4318.
    """

    type: Literal["http"]
    """The kind of input."""

    tag: Tag | None = None
    """Tag of what comes without one; by default otlp for OTLP and http for lines. A client gives another by the path
    (/logs/<tag>), the query (?tag=) or a header."""

    tag_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "Logferry-Tag"
    """Name of the header that may give the tag; for Fluent Bit the same name as its header_tag."""

    tokens: tuple[Secret, ...] = ()
    """Bearer tokens that are admitted. With neither tokens nor users, everybody who reaches the address is."""

    users: dict[UserName, Secret] = {}
    """Users that are admitted by basic authentication, each with its password."""

    body_max_bytes: Annotated[int, Field(ge=1, le=CHUNK_BYTES_AT_MOST), SIZE] = CHUNK_BYTES_AT_MOST
    """Largest body, after decompression; a larger one is refused (413). An OTLP request must fit into one chunk."""

    chunk_max_bytes: Annotated[int, Field(ge=1, le=CHUNK_BYTES_AT_MOST), SIZE] = 256 * KIB
    """Lines are sent in chunks of about this size, cut at line ends. As the files' own."""

    pending_max_bytes: Annotated[int, Field(ge=1), SIZE] = 16 * MIB
    """Bytes of all bodies that are being received or wait for Kafka. What would go beyond is refused (429). Two of the
    largest bodies fit, so that one slow client does not shut out the others."""

    connections_max: Count = 256
    """Connections at a time; more wait to be accepted until one is closed. 250 clients that sent 6 MiB each at once
    made the process 61 MiB larger, bodies included."""

    header_max_bytes: Annotated[int, Field(ge=1024, le=64 * KIB), SIZE] = 8 * KIB
    """Longest request line, and longest header; there may be 128 headers. What web servers usually take."""

    idle_timeout_secs: Seconds = 60.0
    """A connection on which no complete header has come for so long is closed. Above the pause between two exports of
    the usual SDKs (5 s), so that their connections live on."""

    body_timeout_secs: Seconds = 30.0
    """A body must come within this. 7 MiB in 30 s are 2 Mbit/s, less than any cluster's network gives."""

    answer_timeout_secs: Seconds = 8.0
    """When Kafka has not taken a body within this, the answer is 503 and a retry waits for the same chunk. Below the
    10 s after which OpenTelemetry's exporters give up without a retry."""

    retry_after_secs: Annotated[int, Field(ge=1), NUMBER] = 5
    """What Retry-After tells clients that are refused for now (429, 503). Long enough to empty the memory, short enough
    for clients that buffer little."""

    repeat_window_secs: Seconds = 600.0
    """The same body (or the same Idempotency-Key) again within this, counted from when Kafka had it, is a retry and
    makes no second record. Longer than exporters retry; a program that posts the very same bytes more often on purpose
    should put a time into them, or an Idempotency-Key of its own on each request."""

    repeats_max: Count = 20_000
    """Bodies that are remembered for that; the oldest are forgotten first. About 280 bytes each."""

    @model_validator(mode="after")
    def _a_body_fits(self) -> Self:
        if self.body_max_bytes > self.pending_max_bytes:
            problem = f"one body may have {self.body_max_bytes} bytes, more than all bodies together"
            raise ProblemsError([Problem(problem, f"write {self.body_max_bytes} or more", ("pending_max_bytes",))])
        return self
