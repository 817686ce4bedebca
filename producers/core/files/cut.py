"""Where a block of bytes is cut: behind its last line end, without looking at any line."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from producers.core.files.checkpoint import OpenStreams

LOOK_BACK_BYTES: Final = 64 * 1024
"""So far back lines are searched for partial ones where reading begins at a file's end. One holds at most 16 KiB."""


class LineEnd:
    """What ends a line in an encoding: one byte, or in UTF-16 and UTF-32 several at an aligned position."""

    def __init__(self, encoding: str | None = None) -> None:
        wide = codecs.lookup(encoding or "utf-8").name.replace("_", "-")
        order = "be" if wide.endswith("-be") else "le"
        width = {"utf-16": 2, "utf-32": 4}.get(wide[:6], 1)
        self.width: Final = width
        self.mark: Final[bytes] = b"\n" if width == 1 else "\n".encode(f"{wide[:6]}-{order}")

    def last(self, block: bytes, offset: int = 0) -> int:
        """Length of ``block`` up to and with its last line end; 0: none. ``offset``: where the block lies."""
        at = block.rfind(self.mark)
        while at >= 0 and (offset + at) % self.width:
            at = block.rfind(self.mark, 0, at + len(self.mark) - 1)
        return at + len(self.mark) if at >= 0 else 0

    def ends(self, block: bytes) -> bool:
        """Whether a block ends with a line end; it must end at an aligned position."""
        return block.endswith(self.mark)

    def count(self, block: bytes) -> int:
        """Line ends in a block (in wide encodings about)."""
        return block.count(self.mark)


def cut_length(block: bytes, line_end: LineEnd, offset: int, *, full: bool, final: bool) -> int:
    """How many leading bytes of ``block`` to send now; 0: wait for more.

    ``full`` says that the block is as long as a block may be, so that a line longer than it must be cut anywhere;
    ``final`` that nothing will ever follow, so that a last line without end is sent as it is.
    """
    if final and not full:
        return len(block)
    return line_end.last(block, offset) or (len(block) - (offset + len(block)) % line_end.width if full else 0)


Opened = Callable[[bytes, Mapping[str, str]], OpenStreams]
"""Streams left open by lines, given those open before them. The lines begin with a line's first byte."""

_CRI_HEADER: Final = re.compile(rb"(?m)^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^ \n]*) (stdout|stderr) ([FP])(?=[ :\n]|\Z)")
_PARTIAL: Final = re.compile(rb" std(?:out|err) P")
"""One pass with it takes two thirds of the time of two substring searches; it is half of the work on a chunk."""
_HEADER_SPACES: Final = 3


def open_streams(lines: bytes, before: Mapping[str, str] = MappingProxyType({})) -> OpenStreams:
    """Streams whose last CRI line in ``lines`` is partial; ``before`` holds those that were open before them.

    ``lines`` begin with a line's first byte. Looks at lines only where some stream may be open, which is rare.
    """
    still_open = dict(before)
    if still_open or _PARTIAL.search(lines):
        for header in _CRI_HEADER.finditer(lines):
            timestamp, stream, tag = header[1].decode(), header[2].decode(), header[3]
            if tag == b"P":
                still_open[stream] = timestamp
            else:
                still_open.pop(stream, None)
    return still_open


_DOCKER_LINE: Final = re.compile(
    rb'(?m)^\{"log":"(?:[^"\\\n]|\\.)*?(?P<end>\\n)?","stream":"(?P<stream>stdout|stderr)".*?"time":"(?P<time>[^"\n]*)"'
)
_DOCKER_LINE_END: Final = b'","stream":"'


def docker_open_streams(lines: bytes, before: Mapping[str, str] = MappingProxyType({})) -> OpenStreams:
    r"""As `open_streams`, for Docker's json-file driver: a line whose ``log`` does not end with ``\n`` is partial."""
    still_open = dict(before)
    whole = b"\\n" + _DOCKER_LINE_END
    if still_open or lines.count(_DOCKER_LINE_END) != lines.count(whole):
        for line in _DOCKER_LINE.finditer(lines):
            stream = line["stream"].decode()
            if line["end"]:
                still_open.pop(stream, None)
            else:
                still_open[stream] = line["time"].decode(errors="replace")
    return still_open


def no_open_streams(_lines: bytes, _before: Mapping[str, str] = MappingProxyType({})) -> OpenStreams:
    """As `open_streams`, for text: no line is part of another."""
    return {}


def has_header(line: bytes) -> bool:
    """Whether enough of a CRI line is there to tell its stream and whether it is partial."""
    return line.count(b" ") >= _HEADER_SPACES


def behind_cut_line(block: bytes, *, inside_line: bool) -> bytes:
    """``block`` from its first whole line on."""
    return block[block.find(b"\n") + 1 or len(block) :] if inside_line else block
