r"""Lines that can be dropped by one look at their bytes: nothing is split, parsed or built for them.

Sample: ``2026-11-21T01:02:03.000000004Z stdout F {"ts":"…","level":"debug","msg":"…"}`` where nobody wants debug. The
level of such a line is certain before it is parsed when its key stands once, and before anything nested: inside a
string its quotes would be escaped (``\"level\":``), and a ``level`` at the top goes before all other names for it
(`streams.core.parsers.json.severity`). A line that only looks like an object, because it is broken behind its level,
has that level as well (`streams.core.parsers.text`). Most lines of most programs are of this kind (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.text import LEVEL_KEY
from streams.core.treatment import Destinations

_HEADS: Final = frozenset((b" stdout", b" stderr"))
_KEY: Final = LEVEL_KEY
_KEY_BYTES: Final = len(_KEY)
_SHORTEST, _LONGEST = 20, 48
"""Where ``F`` may stand: behind a timestamp of 20 to 35 characters and a stream."""
_LEVELS: Final = dict(SEVERITY_BY_BYTES)


def undecided(
    lines: list[bytes], position: int, topics_of: Sequence[Destinations], dropped: list[int]
) -> list[tuple[int, bytes]]:
    """The other lines, each with its position; ``dropped`` is counted up by severity number.

    All of them where one may be partial: the rest of a partial line may look like an object. What is dropped here does
    not end a group of lines (`streams.core.grouping`), wherever a chunk is cut.
    """
    left: list[tuple[int, bytes]] = []
    leave, levels, begun, counts = left.append, _LEVELS, position, [0] * len(dropped)
    for line in lines:
        at = line.find(b" F {", _SHORTEST, _LONGEST)
        if at > 0:
            key = line.find(_KEY, at + 4)
            if key > 0 and line.find(b"{", at + 4, key) < 0:
                begin = key + _KEY_BYTES
                number = levels.get(line[begin : line.find(b'"', begin)])
                if (
                    number
                    and not topics_of[number]
                    and line.find(_KEY, begin) < 0
                    and line[-1] == 125  # }
                    and line[at - 7 : at] in _HEADS
                ):
                    counts[number] += 1
                    position += len(line) + 1
                    continue
        if line.find(b" P", _SHORTEST, _LONGEST) > 0:
            return with_positions(lines, begun)
        leave((position, line))
        position += len(line) + 1
    for number, amount in enumerate(counts):
        dropped[number] += amount
    return left


def with_positions(lines: list[bytes], position: int) -> list[tuple[int, bytes]]:
    """All lines, each with its position."""
    found: list[tuple[int, bytes]] = []
    for line in lines:
        found.append((position, line))
        position += len(line) + 1
    return found
