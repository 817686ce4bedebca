"""Whether the loop in which inputs listen makes progress: it is asked to answer, and only when somebody wants to know.

So a node at rest pays nothing for it. An answer that does not come says since when the loop is held up.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from producers.network import Network


class LoopCheck:
    """For `runtime.health.Health.live_if`."""

    def __init__(self, network: Network, stall_secs: float) -> None:
        self._network = network
        self._stall_secs = stall_secs
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        """When the question was put that has no answer yet."""

    def check(self, now: float) -> str | None:
        """What is held up for longer than allowed."""
        with self._lock:
            if self._asked_at is None:
                self._asked_at = time.monotonic()
                self._network.call(self._answered)
            elif now - self._asked_at > self._stall_secs:
                return f"the loop of the inputs that listen has not answered for {now - self._asked_at:.0f} s"
        late = [(name, secs) for name, secs in self._network.held_up(now) if secs > self._stall_secs]
        return "; ".join(f"input {name} has been reading for {secs:.0f} s" for name, secs in late) or None

    def _answered(self) -> None:
        self._asked_at = None
