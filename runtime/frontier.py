"""The acknowledgement frontier: how far a partition (or a file) is finished without a gap.

Work is begun in order and finished in any order; a position may be committed only when everything before it is
finished. Faust's own bookkeeping commits past a held record and librdkafka has none, so streams, sinks and producers
all use this. It keeps positions only, never payloads, and is forgotten as a whole when its partition is revoked.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Token = TypeVar("Token")


class Frontier(Generic[Token]):
    """Positions in flight, lowest first, each with a small token that comes back when its turn is reached."""

    def __init__(self) -> None:
        self._begun: deque[tuple[int, Token]] = deque()
        self._finished: set[int] = set()

    def begin(self, position: int, token: Token) -> None:
        """Work on ``position`` begins; positions must rise."""
        if self._begun and position <= self._begun[-1][0]:
            raise ValueError(f"position {position} begun after {self._begun[-1][0]}")
        self._begun.append((position, token))

    def finish(self, position: int) -> list[Token]:
        """Work on ``position`` is finished. Returns the tokens that are now free of any gap, in order."""
        self._finished.add(position)
        free = []
        while self._begun and self._begun[0][0] in self._finished:
            lowest, token = self._begun.popleft()
            self._finished.discard(lowest)
            free.append(token)
        return free

    def __len__(self) -> int:
        """Positions that are not free yet."""
        return len(self._begun)
