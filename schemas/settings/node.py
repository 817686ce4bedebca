"""The node side: how much is read at a time, and how it is remembered. What is read: `inputs`."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.settings.parts import NUMBER, SIZE, AbsolutePath, Compression, Milliseconds, Seconds, Section, Size

KIB = 1024
MIB = 1024 * KIB

# `logs.raw` takes 8 MiB; the rest is for what surrounds the bytes.
CHUNK_BYTES_AT_MOST = 7 * MIB


class RateLimit(Section):
    """How fast namespaces may send. What is over it is delayed, never dropped: it waits in the files."""

    namespaces: Annotated[str, Field(min_length=1, examples=["dev-*"])]
    """Glob over namespaces; each that matches has the limit for itself. The first limit that matches counts."""

    bytes_per_sec: Size
    """Bytes a second in the long run, on this node."""

    burst_bytes: Size = 8 * MIB
    """Bytes that may go at once after a rest, so that a short burst is not delayed."""


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

    watch: Literal["auto", "poll"] = "auto"
    """How changes are noticed. auto: inotify, and polling for what cannot be watched (fs.inotify.max_user_watches);
    poll: polling alone, for file systems that tell nobody of changes (NFS, some FUSE)."""

    poll_interval_secs: Seconds = 0.2
    """How often a file is looked at that is polled and was written to in the last seconds; later it is looked at every
    `scan_interval_secs`."""

    scan_interval_secs: Seconds = 1.0
    """How often folders are looked at where changes in them are not heard of. A new container's first lines wait that
    long at most; none is lost by it."""

    rate_limits: tuple[RateLimit, ...] = ()
    """Limits by namespace, so that one tenant's flood leaves the network to the others."""

    checkpoint_interval_secs: Seconds = 1.0
    """How often acknowledged positions are written. After a crash at most this much is sent again, under the
    same ids."""

    ledger_interval_secs: Seconds = 30.0
    """How often `logs.ledger` is told how far Kafka has a file that was written to: a small record for each such file.
    Shorter tells sooner what a dying node takes along; longer saves records where thousands of files are busy."""

    drain_secs: Annotated[float, Field(ge=0), NUMBER] = 5.0
    """How long files are read on, and inputs listen on, after SIGTERM; less when nothing has come for a second. A node
    that goes for good takes with it what was not read, and what was removed only this process can still read. It ends
    within 10 s after that (inputs hand over, Kafka acknowledges): give a pod 15 s more than this. 0: stop reading at
    once, and leave the rest to the next producer."""

    unterminated_line_secs: Seconds = 10.0
    """A line without newline at the end of a file that no longer grows is sent as it is after this. Long enough for a
    writer that flushes in pieces."""

    compression: Compression = "lz4"
    """Codec of the records. lz4 costs a third less CPU than zstd on the node; zstd needs less network and disk."""

    linger_ms: Milliseconds = 20
    """Longest a chunk waits for others to share a request. Chunks are large already, so little is gained by more."""
