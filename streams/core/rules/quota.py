"""Quotas: what a namespace sends beyond its bytes of a minute goes to a topic of its own, complete.

Each worker counts what it reads itself and compares it with its share, the part of all partitions that it works on: no
worker waits for another. Containers are spread over partitions by their ids, so the shares are right for namespaces of
many containers; a namespace of one container has only the share of the worker that reads it.
"""

from __future__ import annotations

from typing import Final

NAMESPACES_REMEMBERED: Final = 10_000
MINUTES_REMEMBERED: Final = 64
"""For each namespace; after an outage its containers may be read at quite different times."""

_OVER: Final = -1


class Quotas:
    """How much of their quotas namespaces have used in this worker. Outlives the rules, which change."""

    def __init__(self) -> None:
        self.share = 1.0
        """Part of all partitions of logs.raw that this worker works on, above 0 and up to 1."""
        self._used: dict[str, dict[int, int]] = {}
        """Namespace -> minute -> bytes."""

    def over(self, namespace: str, minute: int, size: int, limit: int) -> bool:
        """Count bytes of a minute (since 1970), and tell whether they are beyond the limit.

        Once a minute is used up, all that comes in it is over, so that what is kept has no gaps.
        """
        minutes = self._minutes(namespace)
        used = minutes.get(minute)
        if used is None:
            used = 0
            if len(minutes) >= MINUTES_REMEMBERED:
                del minutes[next(iter(minutes))]
        if used != _OVER:
            used += size
            minutes[minute] = used = _OVER if used > limit * self.share else used
        return used == _OVER

    def _minutes(self, namespace: str) -> dict[int, int]:
        minutes = self._used.get(namespace)
        if minutes is None:
            if len(self._used) >= NAMESPACES_REMEMBERED:
                del self._used[next(iter(self._used))]
            minutes = self._used[namespace] = {}
        return minutes


class Quota:
    """The quota of one source's namespace."""

    __slots__ = ("_limit", "_namespace", "_quotas", "_topic", "rule_id")

    def __init__(self, quotas: Quotas, namespace: str, bytes_per_minute: int, topic: str, rule_id: str = "") -> None:
        self._quotas = quotas
        self._namespace = namespace
        self._limit = bytes_per_minute
        self._topic = topic
        self.rule_id = rule_id

    def over(self, minute: int, size: int) -> str | None:
        """Count the bytes of a line by its own minute (since 1970); the topic it goes to when that is too much."""
        return self._topic if self._quotas.over(self._namespace, minute, size, self._limit) else None
