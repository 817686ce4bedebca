"""Lines that prove themselves: each carries its source, its sequence number and a checksum of what stands before it.

::

    {"ts":"2026-11-21T01:17:33.123Z","level":"info","logger":"orders","msg":"order accepted","src":"load-07","seq":42,
     "request_id":"9e3779b97f4a7c15","took_ms":12.345,"sum":"1a2b3c4d"}
    I1121 01:17:33.123456       1 orders.go:42] "order accepted" src="load-07" seq=42 request_id="…" sum="1a2b3c4d"

(The first is one line of about 180 bytes.) Pure and deterministic: a line is a function of profile, source and sequence
number, so `load` writes it, `oracle` judges it, and neither asks the other.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Final, NamedTuple
from zlib import crc32

from deploy.demo.cri import CONTENT_MAX_BYTES, Piece, fragments, label

PERIOD: Final = 1000
"""Shapes repeat after this many lines, so shares are exact to 0.1 %."""

_MIX: Final = 0x9E3779B97F4A7C15  # spreads sequence numbers over 64 bits, so that lines do not compress like copies
_MASK: Final = (1 << 64) - 1
_STORY: Final = (
    ("orders", "order accepted"),
    ("payments", "payment authorised"),
    ("stock", "reservation renewed"),
    ("mail", "message handed over"),
    ("search", "query answered"),
)
_CLAIM: Final = re.compile(rb'src"?[:=]"([^"]{1,64})",?\s?"?seq"?[:=](\d{1,12})\b')


POISON_MARK: Final = b"poison"
"""Every poison line holds it, but for those that are blank."""

RAW_POISON: Final[dict[str, bytes]] = {
    "not_cri": b"poison not_cri: neither time nor stream nor tag\n",
    "bad_time": b"yesterday stdout F poison bad_time\n",
    "bad_tag": b"2026-11-21T01:00:00.5Z stdout X poison bad_tag\n",
    "no_line": b"\n",
}
"""Bytes in the file that are no CRI line."""

CONTENT_POISON: Final[dict[str, bytes]] = {
    "invalid_utf8": b"poison invalid_utf8 \xff\xfe\xc3(",
    "nul": b"poison nul \x00\x00 and on",
    "broken_json": b'{"poison":"broken_json","level":"warn',
    "empty": b"",
}
"""Proper CRI lines whose content is not what a parser hopes for."""


@dataclass(frozen=True)
class Profile:
    """What kind of lines; every share is a part of 1 and falls on fixed sequence numbers."""

    seed: int = 1
    """Other seeds give other shapes in another order."""
    klog_share: float = 0.1
    """klog text on stderr; the others are JSON on stdout."""
    warn_share: float = 0.3
    """Lines at warn or above; the others are debug and info."""
    long_share: float = 0.0
    """Lines longer than a runtime writes in one piece; they become P … F."""
    long_bytes: int = 40_000
    """Approximate length of those."""


class Shape(NamedTuple):
    """One of the `PERIOD` kinds of line."""

    name: bytes
    template: bytes
    tail: bytes
    at_warn: bool
    long: bool


class Claim(NamedTuple):
    """What a line says of itself, and whether its checksum agrees."""

    source: str
    sequence: int
    intact: bool


class Lines:
    """Makes the lines of one profile."""

    def __init__(self, profile: Profile) -> None:
        self._shapes = _shapes(profile)

    def is_warn(self, sequence: int) -> bool:
        """Tell whether the line with this number is at warn or above."""
        return self._shapes[sequence % PERIOD].at_warn

    def content(self, source: str, sequence: int) -> bytes:
        """Return one line without its line end."""
        shape = self._shapes[sequence % PERIOD]
        body = shape.template % (source.encode(), sequence, sequence * _MIX & _MASK)
        return b"%b%08x%b" % (body, crc32(body), shape.tail)

    def pieces(self, source: bytes, first: int, count: int) -> list[Piece]:
        """Return `count` lines from number `first`, cut as a container runtime cuts them."""
        # The generator's hot loop: 1.05 µs a line on one core where calling `content` for each takes 1.3. With framing
        # and writing `python -m deploy.demo.load` reaches 500,000 lines/s and more.
        shapes, checksum, pieces = self._shapes, crc32, list[Piece]()
        for sequence in range(first, first + count):
            name, template, tail, _, long = shapes[sequence % PERIOD]
            body = template % (source, sequence, sequence * _MIX & _MASK)
            content = b"%b%08x%b" % (body, checksum(body), tail)
            if long:
                pieces += fragments("stderr" if name.startswith(b"stderr") else "stdout", content)
            else:
                pieces.append((name, content))
        return pieces


def read(content: bytes) -> Claim | None:
    """Read what a line says of itself; None when it says nothing. Never raises."""
    claim = _CLAIM.search(content)
    if claim is None:
        return None
    end = len(content) - (2 if content.endswith(b"}") else 1)
    intact = b"%08x" % crc32(content[: end - 8]) == content[end - 8 : end] and content[end:] in (b'"}', b'"')
    return Claim(claim[1].decode("utf-8", "replace"), int(claim[2]), intact)


def _shapes(profile: Profile) -> list[Shape]:
    draw = random.Random(profile.seed)
    klog, warn, long = (_spread(share, draw) for share in (profile.klog_share, profile.warn_share, profile.long_share))
    padding = max(profile.long_bytes, CONTENT_MAX_BYTES + 1)
    return [
        _shape(draw, klog=at in klog, warn=at in warn, padding=padding if at in long else 0) for at in range(PERIOD)
    ]


def _spread(share: float, draw: random.Random) -> frozenset[int]:
    return frozenset(draw.sample(range(PERIOD), round(share * PERIOD)))


def _shape(draw: random.Random, *, klog: bool, warn: bool, padding: int) -> Shape:
    logger, msg = draw.choice(_STORY)
    clock = f"{draw.randrange(24):02d}:{draw.randrange(60):02d}:{draw.randrange(60):02d}.{draw.randrange(1000):03d}"
    pad = "".join(draw.choices("abcdefghijklmnopqrstuvwxyz     ", k=padding))
    if klog:
        level = draw.choices("WE", (4, 1))[0] if warn else "I"
        body = f'{level}1121 {clock}000       1 {logger}.go:{draw.randrange(10, 999)}] "{msg}"' + (
            f' pad="{pad}"' if pad else ""
        )
        template = body.encode() + b' src="%b" seq=%d request_id="%016x" sum="'
        return Shape(label("stderr"), template, b'"', warn, bool(pad))
    level = (
        draw.choices(("warn", "error", "fatal"), (70, 29, 1))[0] if warn else draw.choices(("info", "debug"), (3, 1))[0]
    )
    body = f'{{"ts":"2026-11-21T{clock}Z","level":"{level}","logger":"{logger}","msg":"{msg}"' + (
        f',"pad":"{pad}"' if pad else ""
    )
    template = body.encode() + b',"src":"%b","seq":%d,"request_id":"%016x","took_ms":'
    return Shape(label("stdout"), template + f'{draw.uniform(1, 99):.3f},"sum":"'.encode(), b'"}', warn, bool(pad))
