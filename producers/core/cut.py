"""Where a block of bytes is cut: behind its last line end, without looking at any line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LOOK_BACK_BYTES: Final = 64 * 1024
"""So far back lines are searched for partial ones where reading begins at a file's end. One holds at most 16 KiB."""


def cut_length(block: bytes, *, full: bool, final: bool) -> int:
    """How many leading bytes of ``block`` to send now; 0: wait for more.

    ``full`` says that the block is as long as a block may be, so that a line longer than it must be cut anywhere;
    ``final`` that nothing will ever follow, so that a last line without end is sent as it is.
    """
    if final and not full:
        return len(block)
    return block.rfind(b"\n") + 1 or (len(block) if full else 0)


_CRI_HEADER: Final = re.compile(rb"(?m)^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^ \n]*) (stdout|stderr) ([FP])(?=[ :\n]|\Z)")
_HEADER_SPACES: Final = 3

OpenStreams = dict[str, str]
"""Stream whose last line is partial -> that line's timestamp."""


def open_streams(lines: bytes, before: Mapping[str, str] = MappingProxyType({})) -> OpenStreams:
    """Streams whose last CRI line in ``lines`` is partial; ``before`` holds those that were open before them.

    ``lines`` begin with a line's first byte. Looks at lines only where some stream may be open, which is rare.
    """
    still_open = dict(before)
    if still_open or b" stdout P" in lines or b" stderr P" in lines:
        for header in _CRI_HEADER.finditer(lines):
            timestamp, stream, tag = header[1].decode(), header[2].decode(), header[3]
            if tag == b"P":
                still_open[stream] = timestamp
            else:
                still_open.pop(stream, None)
    return still_open


def has_header(line: bytes) -> bool:
    """Whether enough of a CRI line is there to tell its stream and whether it is partial."""
    return line.count(b" ") >= _HEADER_SPACES


def behind_cut_line(block: bytes, *, inside_line: bool) -> bytes:
    """``block`` from its first whole line on."""
    return block[block.find(b"\n") + 1 or len(block) :] if inside_line else block
