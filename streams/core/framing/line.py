"""Framings whose records are lines: what one line says, and how lines are told apart.

Lines may be cut between chunks, go on in later ones, and be joined; `streams.core.process` and `streams.core.join` do
that for all of them alike. A framing says what ends a line and what stands in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from streams.core.framing.attributes import Attributes


class Line(NamedTuple):
    """One line, taken apart."""

    timestamp: bytes
    """As its writer wrote it, RFC 3339; empty: it has none, and the time at which it was read stands for it."""
    stream: bytes
    """stdout or stderr; empty: the source does not tell them apart."""
    partial: bool
    """It goes on in the next line of its stream."""
    content: bytes
    flags: tuple[str, ...] = ()
    attributes: Attributes | None = None
    """What its writer says beside the content."""


class Pieces(Protocol):
    """Reads the content of one line that comes in pieces, because it is too long to be held."""

    flags: tuple[str, ...]
    """For the record that the line becomes (the last one, where it becomes several)."""

    def decode(self, piece: bytes, *, final: bool) -> bytes:
        """The next piece as `Line.content` has it. What only the bytes behind it can tell waits for the next piece."""


class LongLine(NamedTuple):
    """A line whose beginning was passed on already."""

    header: Line
    pieces: Pieces


class Verbatim:
    """Content that is taken as it comes."""

    flags: tuple[str, ...] = ()

    def decode(self, piece: bytes, *, final: bool) -> bytes:  # noqa: ARG002 - by the protocol
        """The piece itself."""
        return piece


@dataclass(frozen=True)
class LineFraming:
    """How the lines of a source are written. Nothing here raises on input."""

    parse: Callable[[bytes], Line | None]
    """A line without its line end; None: it is none of this framing."""
    begin: Callable[[bytes], tuple[Line, LongLine] | None]
    """The beginning of a line too long to be held: the line so far, and how its rest is read; None: not in pieces."""
    complaint: str
    """What is wrong with a line that cannot be parsed."""
    resumes_at: Callable[[bytes], int] = lambda _: 0
    """Where in a line that cannot be parsed a whole one begins, behind the remains of a torn one; 0: nowhere."""
    newline: bytes = b"\n"
    """What ends a line. Where it is several bytes, lines begin at multiples of its length."""
    line_max_bytes: int = 0
    """A cut line longer than this is not held as a whole; 0: as the stage has it."""

    def line_end(self, payload: bytes) -> int:
        """Position of the first line end in bytes that begin at an aligned position; -1: there is none."""
        width = len(self.newline)
        at = payload.find(self.newline)
        while at > 0 and at % width:
            at = payload.find(self.newline, at + 1)
        return at

    def split(self, payload: bytes) -> list[bytes]:
        """Lines without their line ends, and last what stands behind the last line end."""
        if len(self.newline) == 1:
            return payload.split(self.newline)
        lines: list[bytes] = []
        pending = b""
        for part in payload.split(self.newline):
            pending += part
            if len(pending) % len(self.newline):
                pending += self.newline  # not at an aligned position: two halves of other characters
            else:
                lines.append(pending)
                pending = b""
        if pending:  # its last line end was none
            lines.append(pending[: -len(self.newline)])
        return lines
