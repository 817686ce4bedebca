r"""The format in which container runtimes write log files (Kubernetes CRI), as containerd writes it; pure.

::

    2026-11-21T01:00:00.123456789Z stdout F {"msg":"a whole line"}
    2026-11-21T01:00:00.12345679Z stderr P the first 16 KiB of a long line …
    2026-11-21T01:00:00.123456791Z stderr F … and its end

Source: containerd `internal/cri/io/logger.go`. Four of its habits surprise readers of such files, so they are kept:
the time is Go's RFC3339Nano, which drops trailing zeros; a carriage return before the line end is dropped; what is left
when the output ends without a line end is written as **P**, with no F after it; and so is the first part of a line that
a log rotation cuts in two (the other part follows in the next file). `logfile` writes what this module formats.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Stream: TypeAlias = Literal["stdout", "stderr"]
Piece: TypeAlias = tuple[bytes, bytes]
"""Label (stream and tag, `stdout F`) and content of one line of the file."""

CONTENT_MAX_BYTES: Final = 16 * 1024
"""containerd's default `max_container_log_line_size`; what is longer is written in several lines."""

NANOSECONDS: Final = 1_000_000_000


def label(stream: Stream, *, partial: bool = False) -> bytes:
    """Return `stdout F`, the part of a line between its time and its content."""
    return b"%b %b" % (stream.encode(), b"P" if partial else b"F")


def stamps(first_ns: int, count: int) -> list[bytes]:
    """Return `count` times as RFC3339Nano in UTC, one nanosecond apart, from `first_ns` (nanoseconds since 1970)."""
    second, nano = divmod(first_ns, NANOSECONDS)
    left = NANOSECONDS - nano
    if count > left:
        return stamps(first_ns, left) + stamps(first_ns + left, count - left)
    prefix = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode()
    return [(b"%b.%09d" % (prefix, n)).rstrip(b"0").rstrip(b".") + b"Z" for n in range(nano, nano + count)]


def encode(pieces: Sequence[Piece], first_ns: int) -> bytes:
    """Return the lines of the file for these pieces, the first at `first_ns`, each a nanosecond after the other."""
    lines = zip(stamps(first_ns, len(pieces)), pieces, strict=True)
    return b"".join([b"%b %b %b\n" % (stamp, name, content) for stamp, (name, content) in lines])


def fragments(stream: Stream, content: bytes, limit: int = CONTENT_MAX_BYTES) -> list[Piece]:
    """Cut one whole line: a single F piece, or P pieces of `limit` bytes and a final F."""
    pieces = _partials(stream, content, limit)
    return [*pieces, (label(stream), content[len(pieces) * limit :])]


def _partials(stream: Stream, content: bytes, limit: int) -> list[Piece]:
    """Cut all but the last piece of a line: as many P pieces as fit while at least one byte stays."""
    name = label(stream, partial=True)
    return [(name, content[at : at + limit]) for at in range(0, len(content) - limit, limit)]


class Splitter:
    """Cuts one output stream into pieces; what it returns does not depend on how the bytes arrived."""

    def __init__(self, stream: Stream, limit: int = CONTENT_MAX_BYTES) -> None:
        self._stream: Stream = stream
        self._limit = limit
        self._whole = label(stream)
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Piece]:
        """Return the pieces that these bytes complete. Keeps at most `limit` + 1 bytes for later."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        pieces: list[Piece] = []
        for line in lines:
            content = line.removesuffix(b"\r")
            if len(content) <= self._limit:
                pieces.append((self._whole, content))
            else:
                pieces += fragments(self._stream, content, self._limit)
        # A carriage return at the end may turn out to belong to the line end: it must not open a piece.
        ready = _partials(self._stream, rest.removesuffix(b"\r"), self._limit)
        self._rest = rest[len(ready) * self._limit :]
        return pieces + ready

    def finish(self, *, partial: bool = True) -> list[Piece]:
        """Return what the output left without a line end: as P, like containerd, or as F on request."""
        rest, self._rest = self._rest, b""
        if not rest:
            return []
        *ready, (_, last) = fragments(self._stream, rest, self._limit)
        return [*ready, (label(self._stream, partial=partial), last)]


class RisingTime:
    """Times of one container: never the same twice and never backwards, whatever the clock does."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, count: int, now_ns: int) -> int:
        """Return the first of `count` consecutive nanoseconds: `now_ns`, or the earliest that is still free."""
        first = max(now_ns, self._next)
        self._next = first + count
        return first
