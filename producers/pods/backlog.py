"""News that wait to be worked on, bounded by the pods in them; between the watching threads and the one that writes."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from producers.pods.watch import PageRead

if TYPE_CHECKING:
    from producers.pods.watch import News


class Backlog:
    """Holds at most `most` pods; one page always fits, however large it is."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._news: deque[News] = deque()
        self._pods = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, news: News) -> None:
        """Add, waiting while there is no room. After `close` it is dropped."""
        weight = _weight(news)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._pods or self._pods + weight <= self._most)
            if not self._closed:
                self._news.append(news)
                self._pods += weight
                self._changed.notify_all()

    def get(self, timeout: float) -> News | None:
        """Take the oldest, waiting for it up to `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._news, timeout)
            if not self._news:
                return None
            news = self._news.popleft()
            self._pods -= _weight(news)
            self._changed.notify_all()
            return news

    def close(self) -> None:
        """Let go of everything, and of whoever waits."""
        with self._changed:
            self._closed = True
            self._news.clear()
            self._pods = 0
            self._changed.notify_all()


def _weight(news: News) -> int:
    return len(news.pods) if isinstance(news, PageRead) else 1
