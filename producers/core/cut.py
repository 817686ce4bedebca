"""Where a block of bytes is cut: behind its last line end, without looking at any line."""

from __future__ import annotations

from typing import Final

LOOK_BACK_BYTES: Final = 64 * 1024
"""So far back from a position lines are searched for partial ones. A partial line holds at most 16 KiB."""


def cut_length(block: bytes, *, full: bool, final: bool) -> int:
    """How many leading bytes of ``block`` to send now; 0: wait for more.

    ``full`` says that the block is as long as a block may be, so that a line longer than it must be cut anywhere;
    ``final`` that nothing will ever follow, so that a last line without end is sent as it is.
    """
    if final and not full:
        return len(block)
    return block.rfind(b"\n") + 1 or (len(block) if full else 0)


def open_streams(before: bytes) -> list[str]:
    """Streams whose last line in ``before`` (which ends where reading resumes) is partial, for CRI lines."""
    last: dict[bytes, bytes] = {}
    for line in before.splitlines():
        fields = line.split(b" ", 3)
        if len(fields) >= 3 and fields[1] in (b"stdout", b"stderr"):
            last[fields[1]] = fields[2]
    return [stream.decode() for stream, tag in sorted(last.items()) if tag.split(b":", 1)[0] == b"P"]
