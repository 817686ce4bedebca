"""How records are wrapped in chunks, by the names of schemas.framing. One more is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from streams.core.framing import cri, docker, forward, journald, otlp, otlp_json, raw, syslog
from streams.core.framing.event import EntryFraming
from streams.core.framing.line import LineFraming

Framing: TypeAlias = LineFraming | EntryFraming
"""Lines that may go on in the next chunk, or entries that are whole."""

FRAMINGS: Final[Mapping[str, Callable[[Mapping[str, Any]], Framing | None]]] = {
    "cri": lambda _chunk: cri.FRAMING,
    "docker": lambda _chunk: docker.FRAMING,
    "raw": raw.framing_of,
    "syslog": lambda _chunk: syslog.entries,
    "journald": lambda _chunk: journald.entries,
    "forward": lambda _chunk: forward.entries,
    "otlp": lambda _chunk: otlp.entries,
    "otlp_json": lambda _chunk: otlp_json.entries,
}
"""Name -> the framing of a chunk; None where the chunk declares what nobody can read, such as an unknown encoding."""


def framing_of(chunk: Mapping[str, Any]) -> Framing | None:
    """The framing of a chunk; None: there is none for it."""
    choose = FRAMINGS.get(chunk["source"]["framing"])
    return None if choose is None else choose(chunk)
