"""One line of a test as each framing (`schemas.framing`) wraps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgpack
import orjson

from deploy.pipeline_tests.lines import WrittenLine
from schemas.document import iso_time

NANOS: Final = 1_000_000_000


class Stamped(NamedTuple):
    """A line with its time in nanoseconds since 1970."""

    line: WrittenLine
    nanos: int
    stream: str
    number: int
    """From 1."""


def _content(line: WrittenLine) -> bytes:
    return line.bytes.encode("latin-1") if line.bytes is not None else (line.text or "").encode()


def _cri(stamped: Stamped, _encoding: str | None) -> bytes:
    tag = b"P" if stamped.line.partial else b"F"
    head = f"{iso_time(stamped.nanos)} {stamped.stream} ".encode()
    return b"%b%b %b\n" % (head, tag, _content(stamped.line))


def _docker(stamped: Stamped, _encoding: str | None) -> bytes:
    text = _content(stamped.line).decode("utf-8", "replace") + ("" if stamped.line.partial else "\n")
    return orjson.dumps({"log": text, "stream": stamped.stream, "time": iso_time(stamped.nanos)}) + b"\n"


def _raw(stamped: Stamped, encoding: str | None) -> bytes:
    line, encoding = stamped.line, encoding or "utf-8"
    content = (line.text or "").encode(encoding) if line.bytes is None else _content(line)
    if stamped.number > 1 and encoding.lower().replace("-", "") in ("utf16", "utf32"):
        content = content[len("".encode(encoding)) :]  # the byte order mark stands once
    return content + "\n".encode(encoding)[len("".encode(encoding)) :]


def _syslog(stamped: Stamped, _encoding: str | None) -> bytes:
    message = _content(stamped.line)
    return b"%d %b" % (len(message), message)


def _forward(stamped: Stamped, _encoding: str | None) -> bytes:
    line = stamped.line
    seconds, nanos = divmod(stamped.nanos, NANOS)
    time = msgpack.ExtType(0, seconds.to_bytes(4, "big") + nanos.to_bytes(4, "big"))
    packed: bytes = msgpack.packb([time, line.entry if line.entry is not None else {"log": _content(line)}])
    return packed


def _journald(stamped: Stamped, _encoding: str | None) -> bytes:
    line = stamped.line
    told: Mapping[str, Any] = line.entry if line.entry is not None else {"MESSAGE": _content(line)}
    own = {"__SEQNUM": stamped.number, "__REALTIME_TIMESTAMP": stamped.nanos // 1000}
    return b"".join(_journal_field(name, value) for name, value in (own | dict(told)).items()) + b"\n"


def _journal_field(name: str, value: Any) -> bytes:
    content = value if isinstance(value, bytes) else str(value).encode()
    if b"\n" in content:
        return b"%b\n%b%b\n" % (name.encode(), len(content).to_bytes(8, "little"), content)
    return b"%b=%b\n" % (name.encode(), content)


def _otlp_json(stamped: Stamped, _encoding: str | None) -> bytes:
    return _content(stamped.line)


def write_verbatim(stamped: Stamped, _encoding: str | None) -> bytes:
    """The line as it is: it has all that a runtime puts around it."""
    return _content(stamped.line) + b"\n"


WRITERS: Final[Mapping[str, Callable[[Stamped, str | None], bytes]]] = {
    "cri": _cri,
    "docker": _docker,
    "raw": _raw,
    "syslog": _syslog,
    "forward": _forward,
    "journald": _journald,
    "otlp_json": _otlp_json,
}
"""Framing -> what writes a line, given the encoding of its source."""
