"""What a stage has written to its log: the last warning, and the last lines for whoever asks why it ended. Pure.

Lines are as ``runtime.process.set_up_logging`` formats them; anything else (the command line's ``error:``, a
library's own output) belongs to no level and is kept among the last lines only.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Final

LINES_KEPT: Final = 12
LINE_SHOWN: Final = 400
_LOUD: Final = re.compile(r"^\S+Z (?:WARNING|ERROR|CRITICAL) (?!librdkafka: CONFWARN)|^error: ")
"""CONFWARN is the Kafka client's remark at its start about settings that we chose on purpose."""


class Journal:
    """The end of one stage's log."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.warning = ""
        """The last line of level WARNING or above, or the command line's error."""
        self.warnings = 0
        """How many there were."""

    def feed(self, data: bytes) -> None:
        """Take in what was appended to the log."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-LINE_SHOWN:]
        for line in whole:
            self._take(line.decode(errors="replace").rstrip()[:LINE_SHOWN])

    def _take(self, line: str) -> None:
        if not line:
            return
        self._lines.append(line)
        if _LOUD.match(line):
            self.warning = line
            self.warnings += 1

    def last_lines(self, count: int = 6) -> list[str]:
        """The last lines, oldest first."""
        rest = self._rest.decode(errors="replace").rstrip()
        lines = [*self._lines, rest] if rest else list(self._lines)
        return lines[-count:]
