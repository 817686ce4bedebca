"""By which way a letter goes through the pipeline again.

=================================  ===================================================================================
letter                             way
=================================  ===================================================================================
of streams: a line, an entry       its chunk is read again in logs.raw, at the coordinates that the letter has
of streams: a whole chunk          the same; all of its records are wanted
of a sink: a record                the chunk in logs.raw that holds its bytes, found by its incarnation and offset
of a sink: no record               as it was refused, into the topic that it came from
=================================  ===================================================================================

Where logs.raw does not have the chunk any more: bytes of lines are put into a chunk of their own with the same
incarnation and offset, so that the id is the same; records go into their routed topic as they were refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from deploy.dead_letters.core.letter import Letter
from deploy.dead_letters.core.origin import Origin
from schemas.document import DAY_HEADER, ID_HEADER
from schemas.framing import Framing

WHOLE_CHUNK: Final = frozenset({"unreadable_chunk", "unsupported_framing"})
"""Reasons of letters that are about all of a chunk."""
NUMBERED: Final = frozenset({"journald", "otlp", "otlp_json"})
"""Framings whose entries have numbers for positions."""
PART: Final = 1 << 40
"""Part k of a long entry with a number stands at that number plus k times this."""
LINES: Final[frozenset[Framing]] = frozenset({"cri", "docker", "raw"})
"""Framings of which a line alone can be read: nothing stands around it but the line end."""


@dataclass(frozen=True)
class Want:
    """Records of one incarnation that a letter is about."""

    letter: Letter
    origin: Origin
    first: int = 0
    """Position of the first."""
    end: int | None = None
    """First position behind them; None: there is no end."""
    numbered: bool = False
    """Positions are those of entries with numbers, and parts of one count as it."""
    life: bytes | None = None
    """Incarnation; None: whichever the chunk is of."""
    is_whole: bool = False
    """All of the chunk is wanted."""
    size: int | None = None
    """Bytes of that chunk."""

    def takes(self, life: bytes, position: int) -> bool:
        """Whether a record is wanted."""
        if self.life is not None and life != self.life:
            return False
        at = position % PART if self.numbered else position
        return at >= self.first and (self.end is None or at < self.end)


def want_of_chunk(letter: Letter, origin: Origin, chunk: dict[str, Any]) -> Want:
    """What a letter of streams wants of the chunk that it is about."""
    if letter.fields["reason"] in WHOLE_CHUNK or origin.position is None:
        return Want(letter, origin, life=chunk["incarnation"], is_whole=True, size=len(chunk["payload"]))
    at, framing = origin.position, chunk["source"]["framing"]
    if framing in NUMBERED:
        return Want(letter, origin, at, at + 1, numbered=True, life=origin.incarnation)
    return Want(letter, origin, at, at + _length(letter, at, chunk), life=origin.incarnation)


def _length(letter: Letter, position: int, chunk: dict[str, Any]) -> int:
    """Bytes that the letter is about: of redacted ones only the chunk knows."""
    if not letter.fields["redacted"]:
        return max(1, len(letter.original))
    begin: int = position - chunk["offset"]
    payload: bytes = chunk["payload"]
    found = payload.find(b"\n", begin)
    return max(1, (found if found >= 0 else len(payload)) - begin)


def want_of_record(letter: Letter, origin: Origin) -> Want:
    """What a letter of a sink wants: its record alone."""
    assert origin.position is not None
    return Want(letter, origin, origin.position, origin.position + 1, life=origin.incarnation)


def holds(chunk: dict[str, Any], origin: Origin) -> bool:
    """Whether a chunk is where a record may begin. Of entries with numbers only the first number is known."""
    if chunk["incarnation"] != origin.incarnation or origin.position is None:
        return False
    if chunk["source"]["framing"] in NUMBERED:
        return bool(chunk["offset"] <= origin.position % PART)
    return bool(chunk["offset"] <= origin.position < chunk["offset"] + len(chunk["payload"]))


def rebuilt_chunk(letter: Letter, origin: Origin, sibling: dict[str, Any] | None) -> dict[str, Any] | str:
    """A chunk of a line alone, with the same incarnation and offset; a text says why there cannot be one.

    ``sibling``: another chunk of the source, which tells where it is from. Without one the line is plain text of a
    source whose id is all that is known.
    """
    if letter.fields["redacted"]:
        return "logs.raw does not have its chunk any more, and the letter has only redacted bytes"
    if origin.incarnation is None or origin.position is None:
        return "nobody knows which file and offset it came from"
    if sibling is not None and sibling["source"]["framing"] not in LINES:
        return (
            f"logs.raw does not have its chunk any more; an entry of {sibling['source']['framing']} is not read alone"
        )
    known = sibling or _unknown(origin)
    is_same_life = known["incarnation"] == origin.incarnation
    observed = known["observed_timestamp"] if is_same_life else letter.fields["failed_at"]
    return {
        "source": known["source"],
        "path": known["path"],
        "restart": known["restart"],
        "incarnation": origin.incarnation,
        "offset": origin.position,
        "observed_timestamp": observed,
        "ended": False,
        "end_reason": None,
        "gap": None,
        "resumed": {"inside_line": False, "open_streams": {}},
        "payload": letter.original + b"\n",
    }


def _unknown(origin: Origin) -> dict[str, Any]:
    source = {
        "id": origin.source_id or "",
        "node": "unknown",
        "kind": "files",
        "framing": "raw",
        "encoding": None,
        "tag": "dead-letter",
        "container": None,
    }
    return {"source": source, "path": "dead-letter", "restart": 0, "incarnation": b"", "observed_timestamp": 0}


def headers_again(letter: Letter, origin: Origin, *, is_document: bool) -> list[tuple[str, bytes]] | str:
    """Headers of a record that goes out as it was refused; a text says why it cannot.

    Letters written before headers were kept: of a document the id and the day are made again from what it says.
    """
    headers = dict(letter.fields["headers"])
    if is_document:
        if origin.id is None or origin.day is None:
            return "it is a document that does not say which record it is, and of which day"
        headers |= {ID_HEADER: origin.id.encode(), DAY_HEADER: origin.day.encode()}
    return list(headers.items())
