"""Payloads of every framing: files of lines, and whole entries."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, TypeAlias

import msgpack
import orjson
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from bench.anything.lines import contents, rarely

Lines: TypeAlias = list[list[bytes]]
"""Contents, each one line or several."""

BEGIN: Final = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
ENCODINGS: Final = (None, None, None, "latin-1", "utf-16", "utf-16-be", "utf-32-le", "shift_jis", "utf-7", "idna", "no")
_STEPS: Final = (0, 0, 1, 1, 40, 900, 6_000, 31_000)
_GARBAGE: Final = (
    b"",
    b"no header",
    b"2026-11-21T01:02:03Z stdout X odd tag",
    b"2026-11-21T01:02:03Z nowhere F odd stream",
    b"yesterday stdout F odd time",
    b"yesterday stderr F java.lang.Error: odd time",
    b"0001-01-01T00:00:00Z stdout F long ago",
    b"2026-11-21T01:02:03Z stdout F:x another tag",
    b"\xff\x00",
    b"-" * 60 + b" stdout F dashes",
    b'{"log":"torn {"log":"whole\\n","stream":"stdout","time":"2026-11-21T01:02:03Z"}',
    b'{"log":7,"stream":[],"time":{}}',
    b"\x00" * 40,
)


class Time:
    """Rises from line to line, now and then by more than anything waits."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.millis = 0

    def text(self) -> bytes:
        """The next one as runtimes write it."""
        self.millis += self._random.choice(_STEPS)
        moment = BEGIN + timedelta(milliseconds=self.millis)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()

    def nanos(self) -> int:
        """The next one in nanoseconds since 1970."""
        self.text()
        return int(BEGIN.timestamp()) * 1_000_000_000 + self.millis * 1_000_000


# -- files ---------------------------------------------------------------------------------------------------------


def _pieces(random: Random, line: bytes) -> list[bytes]:
    """A line as a runtime cuts it, mostly not at all."""
    if not rarely(random, 4):
        return [line]
    at = random.randrange(len(line) + 1)
    return [line[:at], *_pieces(random, line[at:])]


def cri(random: Random, lines: Lines, time: Time) -> bytes:
    """Lines as CRI runtimes write them."""
    out = []
    for sample in lines:
        stream = random.choice((b"stdout", b"stderr"))
        for line in sample:
            *begin, end = _pieces(random, line)
            out += [b"%b %b P %b" % (time.text(), stream, piece) for piece in begin]
            tag = b"P" if rarely(random, 12) else b"F"
            out.append(
                random.choice(_GARBAGE) if rarely(random, 12) else b"%b %b %b %b" % (time.text(), stream, tag, end)
            )
    return _ended(random, out)


def docker(random: Random, lines: Lines, time: Time) -> bytes:
    """Lines of Docker's json-file driver."""
    out = []
    for sample in lines:
        stream = random.choice(("stdout", "stderr"))
        for line in sample:
            *begin, end = _pieces(random, line)
            whole = [piece.decode(errors="replace") for piece in begin]
            whole.append(end.decode(errors="replace") + ("" if rarely(random, 12) else "\n"))
            for text in whole:
                told = {"log": text, "stream": stream, "time": time.text().decode()}
                attrs = {"attrs": {"env": "prod"}} if rarely(random, 6) else {}
                out.append(random.choice(_GARBAGE) if rarely(random, 16) else orjson.dumps(told | attrs))
    return _ended(random, out)


def text(random: Random, lines: Lines, _time: Time) -> bytes:
    """Lines of text."""
    end = b"\r" if rarely(random, 4) else b""
    return _ended(random, [line + end for sample in lines for line in sample])


def _ended(random: Random, lines: list[bytes]) -> bytes:
    """A file of lines, of which the last may not be ended."""
    return b"\n".join(lines) + (b"" if rarely(random, 4) else b"\n")


FILES: Final[dict[str, Callable[[Random, Lines, Time], bytes]]] = {"cri": cri, "docker": docker, "raw": text}


def encoded(content: bytes, encoding: str | None) -> bytes:
    """A file in another encoding, where there is one of that name for what stands in it."""
    try:
        return content.decode(errors="replace").encode(encoding or "utf-8", "replace") if encoding else content
    except (LookupError, ValueError):
        return content


# -- entries -------------------------------------------------------------------------------------------------------


def syslog(random: Random, line: bytes, time: Time, number: int) -> bytes:
    """A message behind the number of its bytes."""
    header = random.choice(
        (
            b'<%d>1 %b web-1 shop %d ID7 [a@1 b="c"] ' % (random.randrange(192), time.text(), number),
            b"<13>Nov 21 01:02:03 web-1 shop[7]: ",
            b"<999>no priority ",
            b"",
        )
    )
    message = header + line or b"-"  # no message is empty (RFC 6587, MSG-LEN)
    return b"%d %b" % (len(message), message)


def journald(random: Random, line: bytes, time: Time, number: int) -> bytes:
    """An entry in the Journal Export Format."""
    told = b"__REALTIME_TIMESTAMP=%d\n__SEQNUM=%d\nPRIORITY=%d\n" % (time.nanos() // 1000, number, random.randrange(9))
    unit = b"_TRANSPORT=stdout\n_SYSTEMD_UNIT=shop.service\n" if rarely(random, 2) else b"_PID=7\n_PID=8\n"
    return told + unit + b"MESSAGE\n" + len(line).to_bytes(8, "little") + line + b"\n\n"


def forward(random: Random, line: bytes, time: Time, number: int) -> bytes:
    """``[time, record]`` in MessagePack."""
    nanos = time.nanos()
    seconds, fraction = divmod(nanos, 1_000_000_000)
    kinds: tuple[Any, ...] = (
        msgpack.ExtType(0, seconds.to_bytes(4, "big") + fraction.to_bytes(4, "big")),
        seconds,
        None,
        [float(seconds), {"region": "eu"}],
        "never",
    )
    record: dict[Any, Any] = {random.choice(("log", "message", "other")): line, "n": number, "level": "warn"}
    if rarely(random, 2):
        place = {"namespace_name": "shop", "pod_name": "web-1", "container_name": "app", "pod_id": _uid(random)}
        record |= {"source": "stderr", "container_id": "ab", "container_name": "/web", "kubernetes": place}
    if rarely(random, 4):
        record |= {7: {b"\xff": [1.5, None, {"deep": [[]]}]}, "": "", "log": line.decode(errors="replace")}
    return bytes(msgpack.packb([random.choice(kinds), record]))


ENTRIES: Final[dict[str, Callable[[Random, bytes, Time, int], bytes]]] = {
    "syslog": syslog,
    "journald": journald,
    "forward": forward,
}


def _uid(random: Random) -> str:
    return random.choice(("plain", "left-out", "picky", "nobody"))


def otlp(random: Random, lines: list[bytes], time: Time) -> ExportLogsServiceRequest:
    """A request with a record for each line."""
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    for name in ("service.name", "k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.container.name"):
        if not rarely(random, 4):
            value = _uid(random) if name == "k8s.pod.uid" else "shop"
            logs.resource.attributes.add(key=name).value.string_value = value
    scope = logs.scope_logs.add()
    scope.scope.name = "shop"
    for number, line in enumerate(lines):
        record = scope.log_records.add(
            time_unix_nano=random.choice((0, time.nanos(), (1 << 64) - 1)),
            severity_number=random.choice((0, 9, 17, 24)),
            severity_text=random.choice(("", "WARN", "odd")),
            trace_id=bytes(random.choice((0, 16, 3))),
            flags=number,
        )
        _set(random, record.body, line)
        _set(random, record.attributes.add(key=random.choice(("", "n", "http", "password"))).value, line)
    return request


def _set(random: Random, value: Any, line: bytes) -> None:
    match random.randrange(6):
        case 0 | 1:
            value.string_value = line.decode(errors="replace")
        case 2:
            value.bytes_value = line
        case 3:
            value.kvlist_value.values.add(key="status").value.int_value = 503
            value.kvlist_value.values.add(key="a").value.array_value.values.add().double_value = float("nan")
        case 4:
            value.double_value = float("inf")
        case _:
            value.bool_value = True


def request(random: Random, framing: str, amount: int, time: Time, more: tuple[bytes, ...]) -> bytes:
    """A whole request in protobuf or JSON."""
    lines = [b"\n".join(sample) for sample in contents(random, amount, more)]
    made = otlp(random, lines, time)
    if framing == "otlp":
        return bytes(made.SerializeToString())
    return json.dumps(MessageToDict(made)).encode()
