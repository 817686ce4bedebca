"""Chunks that no producer sends, though the schema lets them through."""

from __future__ import annotations

from random import Random
from typing import Any

from bench.anything.lines import rarely, spoilt
from bench.anything.payloads import ENCODINGS
from schemas.framing import FRAMINGS


def odd(random: Random, chunk: dict[str, Any]) -> dict[str, Any]:
    """A chunk of which something is not as it should be."""
    payload, offset = chunk["payload"], chunk["offset"]
    match random.randrange(9):
        case 0 | 1:
            return chunk | {"payload": spoilt(random, payload)}
        case 2:
            cut = random.randrange(len(payload) + 1)
            return chunk | {"payload": payload[cut:], "offset": offset + cut, "resumed": None}
        case 3:
            return chunk | {"offset": random.choice((0, 7, offset + 7, 1 << 46, (1 << 47) - 1, -7, (1 << 62)))}
        case 4:
            return chunk | {"ended": not chunk["ended"]}
        case 5:
            streams = {"stdout": "2026-11-21T01:02:03Z", "stderr": "never", "odd": ""}
            return chunk | {"resumed": {"inside_line": rarely(random, 2), "open_streams": streams}}
        case 6:
            return chunk | {"incarnation": bytes((0, random.randrange(12))) * 4, "restart": random.randrange(3)}
        case 7:
            framing = random.choice((*FRAMINGS, "runes", ""))
            return chunk | {"source": chunk["source"] | {"framing": framing, "encoding": random.choice(ENCODINGS)}}
        case _:
            moment = random.choice((0, -1, -(1 << 63), (1 << 63) - 1))
            return chunk | {"observed_timestamp": moment, "payload": b"", "gap": {"start": offset - 1, "reason": "odd"}}
