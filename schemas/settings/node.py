"""The node side: how much is read at a time, and how it is remembered. What is read: `inputs`."""

from typing import Annotated

from pydantic import Field

from schemas.settings.parts import SIZE, AbsolutePath, Compression, Milliseconds, Seconds, Section

KIB = 1024
MIB = 1024 * KIB

# `logs.raw` takes 8 MiB; the rest is for what surrounds the bytes.
CHUNK_BYTES_AT_MOST = 7 * MIB


class ProducerSettings(Section):
    """The producer, once per node."""

    node: Annotated[str, Field(min_length=1)] | None = None
    """Name of this node. By default the variable NODE_NAME (set it from spec.nodeName), else the host name."""

    state_folder: AbsolutePath = "/var/lib/logferry/producer"
    """Where checkpoints are kept. It must outlive the process: a host path, not the container's own file system."""

    chunk_max_bytes: Annotated[int, Field(ge=1, le=CHUNK_BYTES_AT_MOST), SIZE] = 256 * KIB
    """Largest block of whole lines in one Kafka record. Big enough that the stream's cost per record (about 80 µs)
    vanishes, small enough to be sent at once."""

    line_max_bytes: Annotated[int, Field(ge=1, le=CHUNK_BYTES_AT_MOST), SIZE] = 1 * MIB
    """Longest stretch without newline that is sent as one chunk; a longer line is sent in pieces and joined later."""

    memory_max_bytes: Annotated[int, Field(ge=1 * MIB), SIZE] = 4 * MIB
    """Bytes read but not yet acknowledged by Kafka, over all files. When it is reached, reading stops: the file is the
    buffer. 4 MiB keep a near broker busy at 200 MB/s and the process at about 64 MiB; a broker far away wants more."""

    poll_interval_secs: Seconds = 0.25
    """How often a file at rest is looked at. Higher means less work on a quiet node and later lines."""

    scan_interval_secs: Seconds = 1.0
    """How often the globs are evaluated. A new container's first lines wait that long at most; none is lost by it."""

    checkpoint_interval_secs: Seconds = 1.0
    """How often acknowledged positions are written. After a crash at most this much is sent again, under the
    same ids."""

    unterminated_line_secs: Seconds = 10.0
    """A line without newline at the end of a file that no longer grows is sent as it is after this. Long enough for a
    writer that flushes in pieces."""

    compression: Compression = "lz4"
    """Codec of the records. lz4 costs a third less CPU than zstd on the node; zstd needs less network and disk."""

    linger_ms: Milliseconds = 20
    """Longest a chunk waits for others to share a request. Chunks are large already, so little is gained by more."""
