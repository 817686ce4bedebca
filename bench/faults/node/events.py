r"""Lines of `deploy.demo.lines`, and among them stack traces whose checksum stands at the end of their last line.

::

    Traceback (most recent call last):
      File "/app/orders.py", line 7, in accept
        reserve(item)
    ValueError: out of stock src="app-01" seq=19 sum="1a2b3c4d"

The checksum is of the whole trace, line ends included: a trace that is torn apart, or that another line got into, is
altered for `deploy.demo.oracle`, and its other pieces are lines that nobody wrote.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from deploy.demo.cri import Piece, fragments, label
from deploy.demo.lines import Lines, Profile

TRACE_EVERY: Final = 20
"""One in so many events is a stack trace."""


class Events:
    """Makes the events of a source; each is a function of source and number."""

    def __init__(self, profile: Profile, *, traces: bool = False) -> None:
        self._lines = Lines(profile)
        self._traces = traces

    def content(self, source: str, number: int) -> bytes:
        """One event without its last line end."""
        if self._traces and number % TRACE_EVERY == TRACE_EVERY - 1:
            return _trace(source, number)
        return self._lines.content(source, number)

    def pieces(self, source: str, first: int, count: int) -> list[Piece]:
        """So many events as a runtime cuts them."""
        if not self._traces:
            return self._lines.pieces(source.encode(), first, count)
        return [piece for number in range(first, first + count) for piece in self._pieces(source, number)]

    def _pieces(self, source: str, number: int) -> list[Piece]:
        if number % TRACE_EVERY == TRACE_EVERY - 1:
            return [(label("stderr"), line) for line in _trace(source, number).split(b"\n")]
        content = self._lines.content(source, number)
        return fragments("stdout" if content.startswith(b"{") else "stderr", content)


def _trace(source: str, number: int) -> bytes:
    frames = [
        f'  File "/app/step{depth}.py", line {number % 900 + depth}, in step{depth}\n    step{depth + 1}(order)\n'
        for depth in range(1 + number // TRACE_EVERY % 7)
    ]
    error = f'ValueError: out of stock src="{source}" seq={number} sum="'
    text = f"Traceback (most recent call last):\n{''.join(frames)}{error}"
    return b'%b%08x"' % (text.encode(), crc32(text.encode()))
