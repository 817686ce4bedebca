"""Values of logs.raw: as producers leave them that stop and start again at any moment, and as nobody ever should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

from bench.anything.lines import contents, rarely, spoilt
from bench.anything.oddities import odd
from bench.anything.payloads import ENCODINGS, ENTRIES, FILES, Lines, Time, encoded, request
from producers.core.files.cut import LineEnd, docker_open_streams, no_open_streams, open_streams
from schemas.codec import Codec
from schemas.framing import FRAMINGS

RAW: Final = Codec("raw_chunk")
OPENED: Final = {"cri": open_streams, "docker": docker_open_streams, "raw": no_open_streams}
UIDS: Final = ("plain", "plain", "left-out", "picky", "odd", "late-1", "late-2", "nobody")
_SIZES: Final = (30, 200, 2000, 1 << 20)


class Value(NamedTuple):
    """A record of logs.raw."""

    partition: int
    timestamp: float
    """Kafka's, in seconds since 1970."""
    value: bytes


@dataclass
class Life:
    """One life of one file, or all that came by one connection; of entries their parts."""

    incarnation: bytes
    restart: int
    content: bytes
    entries: list[bytes] = field(default_factory=list)
    begin: int = 0
    """Where reading begins; the bytes before were passed over."""
    gap: str | None = None
    first: int = 0
    """Number of the first entry, where entries are numbered."""


@dataclass
class Drawn:
    """One source with all its lives."""

    source: dict[str, Any]
    partition: int
    lives: list[Life]
    width: int = 1
    """Bytes of a character's unit."""

    @property
    def framing(self) -> str:
        """Name of its framing."""
        return str(self.source["framing"])

    @property
    def has_lines(self) -> bool:
        """Its lives are files of lines."""
        return self.framing in FILES


@dataclass(frozen=True)
class Taste:
    """What is drawn."""

    sources: int = 3
    most_lines: int = 6
    """In one life, about."""
    partitions: int = 2
    is_legal: bool = False
    """Only what producers do; else anything that the schema lets through, and now and then what it does not."""
    restarts: int = 3
    """Of a source's producer."""
    lines: tuple[bytes, ...] = ()
    """Contents to begin from beside the usual ones."""


# -- sources -------------------------------------------------------------------------------------------------------


def source(random: Random, number: int, taste: Taste) -> Drawn:
    """A source of any framing."""
    framing = random.choice(FRAMINGS)
    time, lives = Time(random), []
    encoding = random.choice(ENCODINGS[:-1] if taste.is_legal else ENCODINGS) if framing == "raw" else None
    width = LineEnd(encoding).width if encoding and encoding.startswith("utf-") else 1
    restart, first = 0, 1
    for life in range(random.randrange(1, 4)):
        made = _life(random, framing, encoding, time, taste)
        made.incarnation, made.restart, made.first = bytes((number, life)) * 4, restart, first
        if write := ENTRIES.get(framing):
            made.entries = [write(random, line, time, first + n) for n, line in enumerate(made.entries)]
        lives.append(made)
        restart, first = restart + random.randrange(2), first + len(made.entries)
    name = "runes" if not taste.is_legal and rarely(random, 20) else framing
    return Drawn(_told(random, number, name, encoding), random.randrange(taste.partitions), lives, width)


def _life(random: Random, framing: str, encoding: str | None, time: Time, taste: Taste) -> Life:
    amount = random.randrange(taste.most_lines) + 1
    if framing in ENTRIES:
        lines = [b"\n".join(sample) for sample in contents(random, amount, taste.lines)]
        return Life(b"", 0, b"", lines)
    if framing not in FILES:
        entry = request(random, framing, amount, time, taste.lines)
        return Life(b"", 0, entry, [entry])
    lines_of_file: Lines = contents(random, amount, taste.lines)
    content = encoded(FILES[framing](random, lines_of_file, time), encoding)
    life = Life(b"", 0, content or b"\n")
    if rarely(random, 8) and encoding is None:
        life.begin = life.content.rfind(b"\n", 0, random.randrange(len(life.content))) + 1
        life.gap = "start_at_end"
    return life


def _told(random: Random, number: int, framing: str, encoding: str | None) -> dict[str, Any]:
    return {
        "id": f"{number:016x}",
        "node": "node-1",
        "kind": "container_files",
        "framing": framing,
        "encoding": encoding,
        "tag": random.choice((None, None, "kube.shop.web.app", "host.x", "odd tag\n")),
        "container": random.choice((None, *({**_POD, "pod_uid": uid} for uid in UIDS), _ALONE)),
    }


_POD: Final = {"namespace": "shop", "pod": "web-1", "name": "app", "id": None, "image": None, "labels": {"app": "web"}}
_ALONE: Final = {"namespace": "", "pod": "", "pod_uid": "", "name": "web", "id": "ab", "labels": {"x": "y"}}


# -- chunks --------------------------------------------------------------------------------------------------------


def chunks(random: Random, drawn: Drawn, taste: Taste) -> Iterator[dict[str, Any]]:
    """All chunks of a source, some of them several times."""
    made = list(_of_lines(random, drawn, taste) if drawn.has_lines else _of_entries(random, drawn, taste))
    if taste.is_legal:
        yield from made
        return
    for chunk in made:
        yield odd(random, chunk) if rarely(random, 3) else chunk
        if rarely(random, 6):
            yield random.choice(made)


def _of_lines(random: Random, drawn: Drawn, taste: Taste) -> Iterator[dict[str, Any]]:
    """Blocks of files, as a producer reads them that starts again now and then."""
    number, position, run, is_first = 0, drawn.lives[0].begin, 1, True
    boundaries = [(number, position)]
    size = random.choice(_SIZES)
    while number < len(drawn.lives):
        life = drawn.lives[number]
        end = _end(random, drawn, life.content, position, size)
        ended = end == len(life.content) and (end == position or not rarely(random, 3))
        yield _block(drawn, number, position, end, ended=ended, is_first=is_first, run=run)
        number, position, is_first = (number + 1, 0, True) if ended else (number, end, False)
        if ended and number < len(drawn.lives):
            position = drawn.lives[number].begin
        boundaries.append((number, position))
        if run <= taste.restarts and rarely(random, 5):
            number, position = random.choice([each for each in boundaries if each[0] < len(drawn.lives)])
            run, is_first = run + 1, True


def _end(random: Random, drawn: Drawn, content: bytes, position: int, size: int) -> int:
    """Where a block ends: mostly behind a line, else inside one, but never inside what tells a line's stream."""
    if position >= len(content):
        return position
    end = min(len(content), position + 1 + random.randrange(size))
    if drawn.framing == "docker" or rarely(random, 2) or _is_inside_header(drawn.framing, content, end):
        end = content.find(b"\n", end - 1) + 1 or len(content)
    end += -end % drawn.width
    return min(end, len(content))


def _is_inside_header(framing: str, content: bytes, end: int) -> bool:
    line = content[content.rfind(b"\n", 0, end) + 1 : end]
    return framing == "cri" and line != b"" and line.count(b" ") < 3


def _block(drawn: Drawn, number: int, begin: int, end: int, *, ended: bool, is_first: bool, run: int) -> dict[str, Any]:
    life = drawn.lives[number]
    before = life.content[:begin]
    inside = bool(before) and not (
        before.endswith(b"\n") if drawn.width == 1 else LineEnd(drawn.source["encoding"]).ends(before)
    )
    still_open = _unfinished(drawn, number, begin)
    told = is_first or begin == life.begin or inside or still_open
    chunk = _chunk(drawn, life, begin, life.content[begin:end], run)
    chunk |= {"ended": ended, "end_reason": "rotated" if ended else None}
    if told:
        chunk["resumed"] = {"inside_line": inside, "open_streams": still_open}
    if life.gap and begin == life.begin:
        chunk["gap"] = {"start": 0, "reason": life.gap}
    return chunk


def _unfinished(drawn: Drawn, number: int, position: int) -> dict[str, str]:
    """Streams whose last line before a position is partial, each with that line's timestamp."""
    opened, still_open = OPENED[drawn.framing], dict[str, str]()
    for at, life in enumerate(drawn.lives[: number + 1]):
        if at and life.restart != drawn.lives[at - 1].restart:
            still_open = {}
        still_open = opened(life.content if at < number else life.content[:position], still_open)
    return still_open


def _of_entries(random: Random, drawn: Drawn, taste: Taste) -> Iterator[dict[str, Any]]:
    """Some entries at a time, as a producer sends them; the same ones again when it was not told that they came."""
    for life in drawn.lives:
        entries = life.entries
        at, offset, runs = 0, 0, 0
        starts = [(0, 0)]
        while at < len(entries):
            until = min(len(entries), at + 1 + random.randrange(3))
            payload = b"".join(entries[at:until])
            number = offset if drawn.framing != "journald" else life.first + at
            chunk = _chunk(drawn, life, number, payload, 1 if drawn.framing != "journald" else runs + 1)
            yield chunk | {"ended": until == len(entries), "end_reason": "closed" if until == len(entries) else None}
            at, offset = until, offset + len(payload)
            starts.append((at, offset))
            if runs < taste.restarts and rarely(random, 6):
                runs += 1
                at, offset = random.choice(starts)


def _chunk(drawn: Drawn, life: Life, offset: int, payload: bytes, run: int) -> dict[str, Any]:
    return {
        "source": drawn.source,
        "path": f"/var/log/pods/shop_web-1_{run}/app/{life.restart}.log",
        "restart": life.restart,
        "incarnation": life.incarnation,
        "offset": offset,
        "observed_timestamp": 1_763_686_923_000_000_000,
        "ended": False,
        "end_reason": None,
        "gap": None,
        "resumed": None,
        "payload": payload,
    }


# -- logs.raw ------------------------------------------------------------------------------------------------------


def sources(random: Random, taste: Taste) -> list[Drawn]:
    """Sources, at least one."""
    return [source(random, number, taste) for number in range(random.randrange(taste.sources) + 1)]


def mixed(random: Random, drawn: list[Drawn], taste: Taste) -> list[Value]:
    """What stands in logs.raw at the end, the chunks of the sources mixed."""
    waiting = [(each.partition, list(chunks(random, each, taste))[::-1]) for each in drawn]
    found: list[Value] = []
    seconds = 1_763_686_900.0
    while waiting := [each for each in waiting if each[1]]:
        partition, left = random.choice(waiting)
        value = RAW.encode(left.pop())
        if not taste.is_legal and rarely(random, 30):
            value = spoilt(random, value)
        seconds += random.choice((0.0, 0.1, 1.0))
        found.append(Value(partition, seconds, value))
    return found


def straight(drawn: list[Drawn]) -> list[Value]:
    """Each life in one chunk."""
    found: list[Value] = []
    for each in drawn:
        for number, life in enumerate(each.lives):
            if each.has_lines:
                chunk = _block(each, number, life.begin, len(life.content), ended=True, is_first=True, run=1)
            else:
                first = life.first if each.framing == "journald" else 0
                chunk = _chunk(each, life, first, b"".join(life.entries), 1) | {"ended": True}
            found.append(Value(each.partition, 1_763_686_900.0, RAW.encode(chunk)))
    return found
