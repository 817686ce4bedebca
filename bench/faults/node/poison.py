"""Everything that no parser hopes for, in the files of containers whose other lines must arrive all the same.

Each poisonous line says so (`lines.POISON_MARK`), every piece of a long one too, so that the oracle tells it from lines
that were torn. Containers say their proper lines on stdout and what never ends on stderr: a piece that a runtime never
finished belongs to the next one of its stream, whoever wrote that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bench.faults.node.containers import Container, ContainersWriter, containers_of
from bench.faults.node.events import Events
from deploy.demo.cri import Piece, fragments, label
from deploy.demo.lines import CONTENT_POISON, RAW_POISON, Profile

if TYPE_CHECKING:
    from bench.faults.site import Site

STDOUT_ONLY: Final = Events(Profile(klog_share=0.0))
LONG: Final = 10_750_000 // 7
"""Times a word; not a little more than a number of MiB, for the rest of a split line should still say what it is."""
EVERY_LINES: Final = 25
"""After so many proper lines of a container comes something poisonous."""
STDOUT: Final = label("stdout")
STDERR_PIECE: Final = label("stderr", partial=True)

Kind = Callable[[], list[Piece]]


def _one(content: bytes) -> Kind:
    return lambda: [(STDOUT, content)]


CONTENTS: Final[dict[str, Kind]] = {
    **{name: _one(content) for name, content in CONTENT_POISON.items()},
    "all_bytes": _one(b"poison " + bytes(sorted(set(range(256)) - {10, 13}))),
    "many_nuls": _one(b"poison" + bytes(10_000)),
    "ten_megabytes": lambda: fragments("stdout", b"poison " * LONG),
    "ten_megabytes_of_json": lambda: fragments("stdout", b'{"msg":"' + b"poison " * LONG + b'"}'),
    "deep_json": _one(b'{"poison":' * 1000 + b"1" + b"}" * 1000),
    "deeper_json": lambda: fragments("stdout", b'{"poison":[' * 100_000 + b"1" + b"]}" * 100_000),
    "huge_key": lambda: fragments("stdout", b'{"' + b"poison-" * 20_000 + b'":1}'),
    "many_keys": lambda: fragments("stdout", b"{" + b",".join(b'"poison%d":%d' % (n, n) for n in range(5000)) + b"}"),
    "keys_of_dots": _one(b'{"poison.":1,".poison":2,"...":{"..":3},"":4,"poison..poison":5}'),
    "type_of_number": _one(b'{"msg":"poison","field":1}'),
    "type_of_text": _one(b'{"msg":"poison","field":"one"}'),
    "type_of_object": _one(b'{"msg":"poison","field":{"field":[1,"two",{"three":null}]}}'),
    "half_a_pair": _one(b'{"msg":"poison \\ud800 \\udfff"}'),
    "big_numbers": _one(b'{"msg":"poison","a":123456789012345678901234567890,"b":1e999,"c":-0.0}'),
    "odd_level": _one(b'{"msg":"poison","level":["error"],"severity":{},"ts":"9999-12-31T23:59:59Z"}'),
    "same_key_twice": _one(b'{"msg":"poison","msg":"poison again","a":1,"a":{"b":2}}'),
    "carriage_returns": _one(b"poison\r with\r\r"),
    "colours": _one(b"\x1b[31mpoison\x1b[0m \x1b]0;title\x07\x1b[2J\x1b[H"),
    "other_line_ends": _one("poison \u2028 \u2029 \u0085 \u202e \ufeff \x0b\x0c".encode()),
    "spaces": _one(b" " * 300),
    "looks_like_a_header": _one(b"2026-11-21T01:02:03Z stdout P poison"),
    "never_ends": lambda: [(STDERR_PIECE, b"poison without an end, ")] * 300,
    "empty_pieces": lambda: [(STDERR_PIECE, b""), (STDERR_PIECE, b""), (label("stderr"), b"poison at last")],
}
"""Proper CRI lines with odd contents."""

VERBATIM: Final[dict[str, bytes]] = {
    **RAW_POISON,
    "nul_block": b"poison" + bytes(4096) + b"\n",
    "long_ago": b"0001-01-01T00:00:00Z stdout F poison long_ago\n",
    "far_away": b"9999-12-31T23:59:59.999999999Z stdout F poison far_away\n",
    "no_content": b"2026-11-21T01:02:03.5Z stderr F\n",
    "no_tag": b"2026-11-21T01:02:03.5Z stderr poison\n",
    "odd_stream": b"2026-11-21T01:02:03.5Z stdfoo F poison\n",
    "more_tags": b"2026-11-21T01:02:03.5Z stderr F:x:y poison\n",
    "docker": b'{"log":"poison\\n","stream":"stdout","time":"2026-11-21T01:02:03Z"}\n',
    "crlf": b"2026-11-21T01:02:03.5Z stderr F poison crlf\r\n",
    "binary": b"poison" + bytes(sorted(set(range(256)) - {10})) * 8 + b"\n",
    "long_header": b"poison-" * 10_000 + b" stdout F poison\n",
}
"""Lines that are no CRI lines, or hardly."""

SELDOM: Final = ("ten_megabytes", "ten_megabytes_of_json")
"""Kinds that come once for each ten rounds of the others."""


class Poisoner(ContainersWriter):
    """Containers that write proper lines, and each kind of poison in turn."""

    def __init__(self, site: Site, containers: list[Container], *, rate: float) -> None:
        super().__init__(site, containers, rate=rate)
        self._doses = 0
        self._next_dose: dict[str, int] = {}

    def _write(self, container: Container, lines: int) -> None:
        super()._write(container, lines)
        if container.sequence >= self._next_dose.setdefault(container.source, EVERY_LINES):
            self._next_dose[container.source] += EVERY_LINES
            self._dose(container)

    def _dose(self, container: Container) -> None:
        names = (*CONTENTS, *VERBATIM)
        turn, at = divmod(self._doses, len(names))
        self._doses += 1
        name = names[at]
        if name in VERBATIM:
            container.log.write_verbatim(VERBATIM[name])
        elif name not in SELDOM or turn % 10 == 0:
            container.log.write_pieces(CONTENTS[name](), time.time_ns())


def poisoned(site: Site) -> Poisoner:
    """Four containers of a namespace whose lines are as odd as can be."""
    return Poisoner(site, containers_of(site, "poisoned", 4, STDOUT_ONLY, "odd"), rate=200.0)
