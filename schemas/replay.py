"""How a chunk that is sent again says so: Kafka headers beside the very same RawChunk.

=========================  ===========================================================================================
header                     value
=========================  ===========================================================================================
``logferry-replay``        the replay it belongs to. Its chunks have a state of their own for each source, apart from
                           live ones: bytes that were seen there are not seen here.
``logferry-replay-time``   when it came into logs.raw (from an archive: when it was observed), milliseconds since 1970.
                           What waits for a rest measures by it, as it did the first time.
``logferry-replay-role``   ``record``: what begins in it is wanted. ``context``: it only says how what begins or ends
                           elsewhere goes on; what begins in it is made and thrown away. ``alive``, ``end``: marks
                           without lines, one for each partition; behind ``end`` nothing comes any more.
=========================  ===========================================================================================

Marks are RawChunks too, of no bytes, so that a consumer which knows nothing of replays has nothing to stumble over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

RUN: Final = "logferry-replay"
TIME: Final = "logferry-replay-time"
ROLE: Final = "logferry-replay-role"

RECORD: Final = "record"
CONTEXT: Final = "context"
ALIVE: Final = "alive"
END: Final = "end"
_ROLES: Final = frozenset((RECORD, CONTEXT, ALIVE, END))

FORGET_SECS: Final = 300.0
"""A worker of live traffic forgets a replay that it has heard nothing of for so long: it must not keep offsets from
being committed for ever. Whoever sends gives a sign of life more often."""


class Replayed(NamedTuple):
    """What the headers of a chunk say."""

    run: str
    seconds: float
    """Since 1970."""
    role: str = RECORD

    @property
    def is_mark(self) -> bool:
        """Whether it has no lines."""
        return self.role in (ALIVE, END)


def replayed_of(headers: Iterable[tuple[str, bytes | None]] | None) -> Replayed | None:
    """What a chunk's headers say; None: it comes from a producer, or they are somebody else's."""
    if not headers:
        return None
    found = dict(headers)
    run, moment, role = (_text(found.get(name)) for name in (RUN, TIME, ROLE))
    if not run or not moment.isascii() or not moment.isdigit() or role not in _ROLES:
        return None
    return Replayed(run, int(moment) / 1000, role)


def headers_of(replayed: Replayed) -> list[tuple[str, bytes]]:
    """The headers that say it."""
    millis = str(round(replayed.seconds * 1000))
    return [(RUN, replayed.run.encode()), (TIME, millis.encode()), (ROLE, replayed.role.encode())]


def mark_of(run: str) -> dict[str, Any]:
    """The RawChunk of a mark: no bytes of a source that nobody else has."""
    source = {"id": run, "node": "", "kind": "replay", "framing": "raw", "tag": "replay", "container": None}
    return {
        "source": source,
        "path": "replay",
        "incarnation": bytes(8),
        "offset": 0,
        "observed_timestamp": 0,
        "payload": b"",
    }


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")
