"""Lines of the golden corpus, whole and damaged, for tests that ask all formats at once."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

GOLDEN = Path(__file__).parent / "golden"

PIECES = (
    *(b"", b" ", b'"', b"\\", b"-", b"[", b"]", b"(", b"<", b"\n", b"\xff", b":", b"/", b"{", b"}", b"\t", b"\r"),
    *(b"|", b"=", b",", b".", b"1", b"12", b"Z", b"+0000", b" UTC", b"\x1b[0m", b"\x1b[32m", b"<1>", b": ", b" - "),
    *(b"INFO", b" ERROR ", b" WARN  ", b"[INFO] ", b"info", b"a.b.C", b" [main] ", b"level=info msg=x"),
)
BEGINNINGS = (
    *(b"2026-11-21 01:02:03", b"2026-11-21T01:02:03Z", b"2026-11-21 01:02:03,123", b"2026-11-21T01:02:03.123456Z"),
    *(b"2026-11-21T01:02:03.123+01:00", b"2026-11-21 01:02:03.123 UTC", b"2026-11-21 01:02:03.123456789 +0100"),
    *(b"01:02:03.123", b"2026/11/21 01:02:03", b"Nov 21 01:02:03", b"17/06/09 20:10:40", b"081109 203615 148"),
    *(b"21/Nov/2026:13:06:52 +0000", b"1:02PM", b"127.0.0.1", b"Nov 21 01:02:03 host sudo[12]:", b"INFO", b"ERROR:"),
    *(b"I1121 01:02:03.000000       1 probe.go:42]", b"2026-11-21T01:02:03Z host app[12]:", b"WARNING:root:", b"info:"),
    *(b"level=info msg=x", b"host:1.2.3.4", b"[INFO]", b"2026-11-21T01:02:03.123456Z  INFO", b"10.0.0.7:80", b"123"),
)
LEVELS = (
    *(b"INFO ", b"[INFO] ", b"WARN  ", b"INF ", b"ERROR: ", b"info ", b"info: ", b"host app[12]: ", b"[main] "),
    *(b"1234 [Note] ", b"<0.1.0> ", b"- ", b"| INFO | ", b"a.b.C: ", b"a.b.C - ", b"(main) ", b"[12] ", b"[a.b] ", b""),
)
WRAPPINGS = (b"%b ", b"[%b] ", b"[%b]", b"%b | ", b"%b: ", b"%b - ", b"%b\t", b"%b|", b"%b [")
_TIME = re.compile(rb"\[?\d[\d:.,/TZ +-]{5,35}\]? ?|\w+:? ?")


def content_of(case: dict[str, Any], key: str = "line") -> bytes:
    """The line of a golden case."""
    return case["bytes"].encode("latin-1") if "bytes" in case else case[key].encode()


@cache
def golden_lines() -> tuple[bytes, ...]:
    """All lines of all formats, and those that they refuse."""
    cases = [case for path in sorted(GOLDEN.glob("*.yaml")) for case in yaml.safe_load(path.read_text())]
    return tuple(
        content_of(case, key)
        for case in cases
        for key in ("line", "refused")
        if key in case or (key == "line" and "bytes" in case)
    )


def damaged(drawn: random.Random, lines: tuple[bytes, ...]) -> bytes:
    """A line cut, changed, put together from two, or with another time and level before it."""
    line = drawn.choice(lines)
    if drawn.random() < 0.4:
        time = _TIME.match(line)
        levels = b"".join(drawn.choices(LEVELS, k=drawn.randrange(3)))
        line = drawn.choice(WRAPPINGS) % drawn.choice(BEGINNINGS) + levels + line[time.end() if time else 0 :]
    for _ in range(drawn.choice((0, 1, 1, 2, 3))):
        line = _changed(drawn, line, lines)
    return line


def _changed(drawn: random.Random, line: bytes, lines: tuple[bytes, ...]) -> bytes:
    at = drawn.randrange(min(len(line), drawn.choice((60, len(line)))) + 1)
    match drawn.randrange(6):
        case 0:
            return line[:at]
        case 1:
            return line[:at] + line[at + drawn.randrange(1, 6) :]
        case 2:
            return line[:at] + drawn.choice(lines)[max(0, at + drawn.randrange(-6, 7)) :]
        case 3:
            return line[:at] + drawn.randbytes(1) + line[at + 1 :]
        case _:
            return line[:at] + drawn.choice(PIECES) + line[at + drawn.choice((0, 0, 1, 2, 8)) :]


def damaged_lines(seed: int, number: int) -> Iterator[bytes]:
    """As many lines, the same ones every time."""
    drawn = random.Random(seed)
    lines = golden_lines()
    return (damaged(drawn, lines) for _ in range(number))
