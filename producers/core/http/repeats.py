"""Which bodies are the same request again, and the incarnation each gets.

An incarnation is a hash of source, body and either the client's Idempotency-Key or the number of the time window in
which the body first came. So a retry makes the same record ids, and other bytes never do.

- While a body is remembered, the same one again is a retry and gets the incarnation it had, also past a window's edge.
- It is remembered until a whole window has passed since Kafka had it. The same body after that lies in a later window
  by necessity, so it is new.
- What is not remembered (the producer started again, or the table was full) is still recognised inside the same window.
  A retry that meets both, a restart and a window's edge, makes a second record: 10 s after the first attempt and with
  windows of 600 s, one in 60 of those that a restart interrupts. With an Idempotency-Key, none does.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

from schemas.identity import incarnation


@dataclass(slots=True)
class Known:
    """A body that came before, or comes now."""

    incarnation: bytes
    digest: bytes
    kept_at: float | None = None
    """When Kafka had all of it; None: not yet."""


class Repeats:
    """The bodies of the latest window, bounded in number. ``now`` is in seconds since 1970 and never goes back."""

    def __init__(self, window_secs: float, entries_max: int) -> None:
        self._window = window_secs
        self._limit = entries_max
        self._known: OrderedDict[tuple[str, bytes], Known] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def recognise(self, source: str, key: str | None, digest: bytes, now: float) -> Known | None:
        """The body of that digest (see `digest_of`); None when its key stands for another body."""
        name = (source, digest if key is None else b"key " + key.encode(errors="surrogateescape"))
        known = self._known.get(name)
        if known is not None and not self._is_over(known, now):
            return known if known.digest == digest else None
        part = b"window %d" % (now // self._window) if key is None else name[1]
        known = Known(incarnation(source, 0, b"%d " % len(part) + part + digest), digest)
        self._known[name] = known
        self._known.move_to_end(name)
        self._forget(now)
        return known

    def _is_over(self, known: Known, now: float) -> bool:
        return known.kept_at is not None and now - known.kept_at >= self._window

    def _forget(self, now: float) -> None:
        while len(self._known) > self._limit or self._is_over(next(iter(self._known.values())), now):
            self._known.popitem(last=False)


def digest_of(body: bytes) -> bytes:
    """16 bytes for a body as it was before compression."""
    return blake2b(body, digest_size=16).digest()
