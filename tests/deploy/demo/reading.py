"""Reads CRI log files the plain way, independently of the code that writes them."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

LINE = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,8}[1-9]|\.[1-9])?Z) (stdout|stderr) ([PF]) (.*)", re.DOTALL
)


class CriLine(NamedTuple):
    time: bytes
    stream: str
    tag: str
    content: bytes


def parse(text: bytes) -> list[CriLine]:
    """Parse a file's bytes; fails on what is no CRI line."""
    assert text.endswith(b"\n") or not text
    found = [LINE.fullmatch(line) for line in text.split(b"\n")[:-1]]
    assert all(found), text[:300]
    return [CriLine(m[1], m[2].decode(), m[3].decode(), m[4]) for m in found if m]


def rejoin(lines: list[CriLine], stream: str = "stdout") -> tuple[list[bytes], bytes]:
    """Return the whole lines of one stream and what was left without an end."""
    whole, rest = [], b""
    for line in lines:
        if line.stream == stream:
            rest += line.content
            if line.tag == "F":
                whole.append(rest)
                rest = b""
    return whole, rest


def everything(live: Path) -> bytes:
    """Return what was written to a log file, rotated files first."""
    rotated = sorted(live.parent.glob(live.name + ".*"))
    return b"".join(gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes() for p in [*rotated, live])
