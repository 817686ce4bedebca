"""Whole lines out of blocks of bytes, and several sources on one output without mixing their lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class HoldLimits:
    """How long the beginning of a line waits for its end."""

    max_bytes: int = 1024 * 1024
    """Longest beginning that is held, per file. What is longer is passed on in pieces: memory is bounded."""
    secs: float = 2.0
    """An unfinished line that does not grow for so long is passed on as it is (a prompt, a writer that died). Less than
    the time for draining, so that a last line without end is not left behind."""


@dataclass
class WholeLines:
    """Cuts what is read from one file behind line ends; holds the beginning of an unfinished line."""

    limits: HoldLimits
    _held: bytearray = field(default_factory=bytearray)
    _grown_at: float = 0.0

    def take(self, block: bytes, now: float) -> bytes:
        """What can be passed on after ``block``: whole lines, or the beginning of a line that is too long to hold."""
        end = block.rfind(b"\n") + 1
        self._grown_at = now
        if not end:
            self._held += block
            return self.rest() if len(self._held) >= self.limits.max_bytes else b""
        whole = self.rest() + block[:end] if self._held else block[:end]
        self._held += block[end:]
        return whole

    def overdue(self, now: float) -> bytes:
        """The held beginning of a line that has not grown for long enough."""
        return self.rest() if self._held and now - self._grown_at >= self.limits.secs else b""

    def rest(self) -> bytes:
        """What is held, whatever it is; nothing is held afterwards."""
        rest = bytes(self._held)
        self._held.clear()
        return rest


class OneVoice:
    """Lets several sources write to one output so that none speaks inside another's line.

    A source whose line is unfinished (it was overdue, or too long) is interrupted by a line end before another speaks;
    the rest of its line then stands alone. A single source's bytes pass unchanged.
    """

    def __init__(self) -> None:
        self._speaker: int | None = None
        """Whose line is unfinished."""

    def say(self, who: int, data: bytes, prefix: bytes = b"") -> bytes:
        """The bytes to write for ``data`` of a source, with ``prefix`` before each of its lines."""
        if not data:
            return b""
        interruption = b"\n" if self._speaker not in (None, who) else b""
        spoken = prefixed(data, prefix, inside_line=self._speaker == who) if prefix else data
        self._speaker = None if data.endswith(b"\n") else who
        return interruption + spoken

    def end_line(self, who: int) -> bytes:
        """The line end that a source owes when its file ends inside a line."""
        if self._speaker != who:
            return b""
        self._speaker = None
        return b"\n"


def prefixed(data: bytes, prefix: bytes, *, inside_line: bool) -> bytes:
    """``data`` with a prefix before each line that begins in it."""
    head = b"" if inside_line else prefix
    if data.endswith(b"\n"):
        return head + data[:-1].replace(b"\n", b"\n" + prefix) + b"\n"
    return head + data.replace(b"\n", b"\n" + prefix)


def piece_end(data: bytes, start: int, limit: int) -> int:
    """Where a piece of at most ``limit`` bytes that begins at ``start`` ends: behind a line end if it can."""
    end = start + limit
    if end >= len(data):
        return len(data)
    return data.rfind(b"\n", start, end) + 1 or end


PIECE_BYTES: Final = 16 * 1024
"""Longest beginning of a program's line that is held; container runtimes cut there too (containerd, CRI-O)."""


class CriLines:
    """One output stream of a program, as a container runtime would write it: ``TIME STREAM F|P CONTENT``.

    Format: Kubernetes, "Kubelet-CRI logging" (pkg/kubelet/kuberuntime/logs). All lines of one block have one time.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream.encode()
        self._held = b""
        self._partial = False
        """The beginning of the line went out already, flagged P."""

    def take(self, block: bytes, timestamp: bytes) -> bytes:
        """The whole lines there are now; a beginning of PIECE_BYTES or more goes on as a partial line."""
        data = self._held + block
        end = data.rfind(b"\n") + 1
        lines = self._lines(data[: end - 1], timestamp, b"F") if end else b""
        self._partial = self._partial and not end
        self._held = data[end:]
        if len(self._held) < PIECE_BYTES:
            return lines
        piece, self._held, self._partial = self._held, b"", True
        return lines + self._lines(piece, timestamp, b"P")

    def end(self, timestamp: bytes) -> bytes:
        """The last line of a program that ended without a line end."""
        rest, self._held = self._held, b""
        if not rest and not self._partial:
            return b""
        self._partial = False
        return self._lines(rest, timestamp, b"F")

    def _lines(self, content: bytes, timestamp: bytes, tag: bytes) -> bytes:
        header = b" ".join((timestamp, self._stream, tag, b""))
        return header + content.replace(b"\n", b"\n" + header) + b"\n"
