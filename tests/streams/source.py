"""A container's files made of drawn pieces, and a reader of them that is as plain as can be.

The reader knows the documented rules only: it holds a whole source in memory, goes through it once, and says which
records must come out. What comes out of the stream stage is held against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from producers.core.files.cut import open_streams
from schemas.identity import INCOMPLETE, record_id

BEGIN = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
TIMEOUT_SECS = 30
RECORD_MAX_BYTES = 150
LONG_LINE_BYTES = 400
"""Of the stream stage in these tests, so that short lines show what long ones would."""

SOURCE: dict[str, Any] = {
    "id": "00112233445566aa",
    "node": "node-1",
    "kind": "container_files",
    "framing": "cri",
    "tag": None,
    "container": {"namespace": "dev", "pod": "shop-1", "pod_uid": "uid-1", "name": "app", "id": None},
}


class File(NamedTuple):
    """One life of one file."""

    number: int
    restart: int
    content: bytes

    @property
    def incarnation(self) -> bytes:
        return self.number.to_bytes(8, "big")


def stamp(millis: int) -> str:
    """A timestamp as runtimes write it."""
    return (BEGIN + timedelta(milliseconds=millis)).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def nanos(timestamp: str) -> int:
    moment = datetime.fromisoformat(timestamp[:26] + "+00:00")
    return ((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)) * 1000


contents = st.one_of(
    st.sampled_from(
        [
            b"",
            b"plain words",
            b"E1121 01:02:03.000000       1 probe.go:42] failed",
            b'{"level":"warn","msg":"retry","n":3}',
            b'{"msg":"x","deep":' + b"[" * 60 + b"]" * 60 + b"}",
            b"nul \x00 inside",
            b"broken \xff\xfe utf-8 \xc3",
            "umlaut äöü €€€ 😀".encode() * 9,
            b"carriage\rreturn 2026-11-21T01:02:03Z stdout P looks like a header",
            b" leading space",
            b"y" * 500,
        ]
    ),
    st.binary(max_size=40).map(lambda content: content.replace(b"\n", b"")),
    st.integers(0, 1000).map(lambda size: b"z" * size),
)
garbage = st.sampled_from(
    [b"", b"no header", b"2026-11-21T01:02:03Z stdout X odd tag", b"2026-11-21T01:02:03Z nowhere F odd stream",
     b"yesterday stdout F odd time", b"yesterday stdout P odd time", b"\xff\x00", b"-" * 60 + b" stdout F dashes"]
)  # fmt: skip
steps = st.sampled_from([0, 0, 1, 1, 1, 40, 20_000, 31_000])


@st.composite
def lines(draw: st.DrawFn, clock: list[int]) -> bytes:
    """One line with its line end."""
    clock[0] += draw(steps)
    if draw(st.integers(0, 9)) == 0:
        return draw(garbage) + b"\n"
    stream, tag = draw(st.sampled_from(["stdout", "stdout", "stderr"])), draw(st.sampled_from("FFP"))
    return f"{stamp(clock[0])} {stream} {tag} ".encode() + draw(contents) + b"\n"


@st.composite
def sources(draw: st.DrawFn, most_lines: int = 7) -> list[File]:
    """The files of one container, oldest first."""
    clock, restart, files = [0], 0, []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        content = b"".join(draw(lines(clock)) for _ in range(draw(st.integers(1, most_lines))))
        if draw(st.integers(0, 3)) == 0:
            content = content[:-1]  # its last line never ended
        files.append(File(number, restart, content))
        restart += draw(st.sampled_from([0, 0, 1]))
    return [file for file in files if file.content]


# -- the plain reader ----------------------------------------------------------------------------------------------


class Expected(NamedTuple):
    """What is compared of a record: all but the time of reading and the name of the file then."""

    offset: int
    timestamp: int
    stream: str
    text: str
    flags: frozenset[str]


@dataclass
class Open:
    file: File
    offset: int
    timestamp: str
    latest: str
    content: bytes


@dataclass
class Reading:
    """Everything that must come out of a source."""

    records: dict[str, Expected] = field(default_factory=dict)
    letters: set[tuple[str, int, bytes]] = field(default_factory=set)

    def read(self, files: list[File]) -> Reading:
        unfinished: dict[str, Open] = {}
        restart = files[0].restart if files else 0
        for file in files:
            if file.restart != restart:
                self.give_up(unfinished)
            restart = file.restart
            self.read_file(file, unfinished)
        for stream, begun in unfinished.items():
            self.finish(begun, stream, set(), whole=False)
        return self

    def read_file(self, file: File, unfinished: dict[str, Open]) -> None:
        position = 0
        for line in _lines(file.content):
            whole = line.removesuffix(b"\n")
            self.read_line(file, position, whole, unfinished, ended=line.endswith(b"\n"))
            position += len(line)

    def read_line(self, file: File, position: int, line: bytes, unfinished: dict[str, Open], *, ended: bool) -> None:
        parts = line.split(b" ", 3)
        if (
            len(parts) < 3
            or parts[1] not in (b"stdout", b"stderr")
            or parts[2] not in (b"F", b"P")
            or _is_odd(parts[0])
        ):
            self.letters.add((file.incarnation.hex(), position, line))
            return
        timestamp, stream = parts[0].decode(), parts[1].decode()
        content = parts[3] if len(parts) == 4 else b""
        begun = unfinished.pop(stream, None)
        if begun is not None and nanos(timestamp) - nanos(begun.latest) > TIMEOUT_SECS * 10**9:
            self.finish(begun, stream, {"incomplete"})
            begun = None
        if begun is None:
            begun = Open(file, position, timestamp, timestamp, b"")
        begun.content, begun.latest = begun.content + content, timestamp
        if parts[2] == b"P":
            unfinished[stream] = begun
        else:
            self.finish(begun, stream, set() if ended else {"unterminated"})

    def give_up(self, unfinished: dict[str, Open]) -> None:
        for stream, begun in unfinished.items():
            self.finish(begun, stream, {"incomplete"})
        unfinished.clear()

    def finish(self, begun: Open, stream: str, flags: set[str], *, whole: bool = True) -> None:
        """``whole`` is false for what still waits for its rest: only pieces that are full are out."""
        pieces = cut_text(begun.content, RECORD_MAX_BYTES)
        for number, piece in enumerate(pieces if whole else pieces[:-1]):
            own = flags if number == len(pieces) - 1 else set()
            own = own | ({"split"} if len(pieces) > 1 else set())
            offset = begun.offset + number
            text, invalid = _text(piece)
            id_ = record_id(begun.file.incarnation, offset | INCOMPLETE if "incomplete" in own else offset)
            assert id_ not in self.records, "the plain reader gave one id to two records"
            self.records[id_] = Expected(
                offset, nanos(begun.timestamp), stream, text, frozenset(own | ({"invalid_utf8"} if invalid else set()))
            )


def _lines(content: bytes) -> list[bytes]:
    whole = [line + b"\n" for line in content.split(b"\n")]
    whole[-1] = whole[-1][:-1]
    return [line for line in whole if line]


def _is_odd(timestamp: bytes) -> bool:
    return not timestamp.startswith(b"2026-")


def _text(piece: bytes) -> tuple[str, bool]:
    try:
        return piece.decode(), False
    except UnicodeDecodeError:
        return piece.decode(errors="backslashreplace"), True


def cut_text(content: bytes, limit: int) -> list[bytes]:
    """Pieces of at most ``limit`` bytes, cut before a character where one begins within the last four."""
    pieces = []
    while len(content) > limit:
        at = next((at for at in range(limit, max(0, limit - 4), -1) if content[at] & 0xC0 != 0x80), limit)
        pieces.append(content[:at])
        content = content[at:]
    return [*pieces, content]


# -- chunks as a producer sends them -------------------------------------------------------------------------------


def unfinished_at(files: list[File], number: int, position: int) -> dict[str, str]:
    """Streams whose last line before a position is partial, each with that line's timestamp."""
    still_open: dict[str, str] = {}
    for before, file in zip([None, *files], files[: number + 1], strict=False):
        if before is not None and before.restart != file.restart:
            still_open = {}
        still_open = open_streams(file.content if file is not files[number] else file.content[:position], still_open)
    return still_open


def is_inside_header(content: bytes, position: int) -> bool:
    """Whether a position lies in a line's first three words; a producer never stops there while a line may grow."""
    line = content[content.rfind(b"\n", 0, position) + 1 : position]
    return line != b"" and line.count(b" ") < 3


def chunk(
    files: list[File], number: int, begin: int, end: int, *, ended: bool, first: bool, run: int
) -> dict[str, Any]:
    file = files[number]
    inside_line = begin > 0 and file.content[begin - 1 : begin] != b"\n"
    still_open = unfinished_at(files, number, begin)
    told = first or begin == 0 or inside_line or still_open
    return {
        "source": SOURCE,
        "path": f"/var/log/pods/dev_shop-1_uid-1/app/{file.restart}.log",
        "restart": file.restart,
        "incarnation": file.incarnation,
        "offset": begin,
        "observed_timestamp": run,
        "ended": ended,
        "resumed": {"inside_line": inside_line, "open_streams": still_open} if told else None,
        "payload": file.content[begin:end],
    }
