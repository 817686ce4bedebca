r"""Headers of syslog messages, in the two formats that are in use.

RFC 5424: ``<165>1 2026-11-21T01:02:03.000003Z host app 1234 ID47 [example@32473 class="high"] text``.

RFC 3164: ``<34>Nov 21 01:02:03 host su[77]: text``, as it is really written: the host may be missing (local sockets),
the timestamp may be RFC 3339 (rsyslog, Docker), have a fraction or a year (routers), or be missing (RFC 3164, 4.3.2).
It says neither year nor zone: the year is the one that brings it nearest to the time at which it was received, so a
message of 31 December that arrives on 1 January is a day old; the zone is taken as UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from streams.core.rfc3339 import timestamp_nanos

FACILITIES: Final = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
"""By facility number (RFC 5424, 6.2.1, table 1, by their usual keywords)."""

_PRIORITY: Final = re.compile(rb"<(\d{1,3})>")
_VERSION: Final = re.compile(rb"[1-9]\d{0,2} (?:- |\d{4}-)")
"""What no RFC 3164 message begins with behind its priority."""
_RFC5424: Final = re.compile(rb"\d+ ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) (?=[-\[])")
_ELEMENT: Final = re.compile(rb'\[([^ =\]"]+)((?: +[^ =\]"]+="(?:[^"\\]|\\.)*+")*+) *\]', re.DOTALL)
_PARAMETER: Final = re.compile(rb' +([^ =\]"]+)="((?:[^"\\]|\\.)*+)"', re.DOTALL)
_ESCAPED: Final = re.compile(rb'\\(["\\\]])')
_BOM: Final = b"\xef\xbb\xbf"

_MONTHS: Final = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_RFC3164_TIME: Final = re.compile(
    rb" ?(?:(?P<iso>\d{4}-\d\d-\d\dT[^ ]+)|[*.]?(?P<month>" + b"|".join(_MONTHS) + rb") +(?P<day>\d{1,2}) "
    rb"(?:(?P<year>\d{4}) )?(?P<clock>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?:?)(?: |$)"
)
_HOST_AND_TAG: Final = re.compile(
    rb"(?:(?P<host>[^\s\[\]]*[^\s\[\]:]) )?(?P<tag>[^\s:\[\]]+)(?:\[(?P<pid>[^\]\s]*)\])?:(?: |$)"
)
_HOST: Final = re.compile(rb"([^\s\[\]:]+) ")


class Header(NamedTuple):
    """What a message says before its text."""

    format: str
    """rfc5424 or rfc3164."""
    priority: int
    """0 to 191."""
    timestamp: int | None
    """Nanoseconds since 1970; None: it says none."""
    attributes: dict[str, Any]
    text: bytes


def priority_of(message: bytes) -> int | None:
    """Facility times 8 and severity, 0 to 191; None when the message does not say."""
    found = _PRIORITY.match(message)
    return None if found is None or int(found[1]) > 191 else int(found[1])


def parse_header(message: bytes, priority: int, received: int) -> Header | None:
    """The header of a message with a priority; None when it is malformed. ``received`` in nanoseconds since 1970."""
    rest = message[message.index(b">") + 1 :]
    return _rfc5424(priority, rest) if _VERSION.match(rest) else _rfc3164(priority, rest, received)


def _rfc5424(priority: int, rest: bytes) -> Header | None:
    found = _RFC5424.match(rest)
    structured = None if found is None else _structured_data(rest, found.end())
    if found is None or structured is None:
        return None
    timestamp = None if found[1] == b"-" else timestamp_nanos(found[1])
    if timestamp is None and found[1] != b"-":
        return None
    attributes = _named(priority, found[2], found[3], found[4], found[5])
    elements, end = structured
    if elements:
        attributes["structured_data"] = elements
    return Header("rfc5424", priority, timestamp, attributes, rest[end + 1 :].removeprefix(_BOM))


def _structured_data(message: bytes, at: int) -> tuple[dict[str, Any], int] | None:
    """The elements of structured data, and where it ends; None when it is none."""
    elements: dict[str, Any] = {}
    if message[at : at + 1] == b"-":
        at += 1
    else:
        while element := _ELEMENT.match(message, at):
            values = elements.setdefault(_text(element[1]), {})
            for parameter in _PARAMETER.finditer(element[2]):
                _add(values, _text(parameter[1]), _text(_ESCAPED.sub(rb"\1", parameter[2])))
            at = element.end()
    return (elements, at) if message[at : at + 1] in (b"", b" ") else None


def _add(values: dict[str, Any], name: str, value: str) -> None:
    """A name may stand several times (RFC 5424, 6.3.3)."""
    if name not in values:
        values[name] = value
    elif isinstance(values[name], list):
        values[name].append(value)
    else:
        values[name] = [values[name], value]


def _rfc3164(priority: int, rest: bytes, received: int) -> Header:
    timestamp = None
    time = _RFC3164_TIME.match(rest)
    if time is not None:
        timestamp = _time(time, received)
        if timestamp is not None:
            rest = rest[time.end() :]
    names = _HOST_AND_TAG.match(rest)
    if names is not None:
        attributes = _named(priority, names["host"], names["tag"], names["pid"])
        return Header("rfc3164", priority, timestamp, attributes, rest[names.end() :])
    host = None if timestamp is None else _HOST.match(rest)
    if host is not None:
        return Header("rfc3164", priority, timestamp, _named(priority, host[1]), rest[host.end() :])
    return Header("rfc3164", priority, timestamp, _named(priority), rest)


def _time(found: re.Match[bytes], received: int) -> int | None:
    if found["iso"]:
        return timestamp_nanos(found["iso"])
    month, day, clock = _MONTHS.index(found["month"]) + 1, int(found["day"]), found["clock"].decode()
    fraction = b"." + found["fraction"] if found["fraction"] else b""
    this_year = datetime.fromtimestamp(received // 1_000_000_000, UTC).year
    years = (int(found["year"]),) if found["year"] else (this_year - 1, this_year, this_year + 1)
    moments = (
        timestamp_nanos(f"{year:04d}-{month:02d}-{day:02d}T{clock}".encode() + fraction + b"Z") for year in years
    )
    return min((each for each in moments if each is not None), key=lambda each: abs(each - received), default=None)


def _named(priority: int, *names: bytes | None) -> dict[str, Any]:
    """Attributes of the parts that are there; ``-`` says that one is not (RFC 5424, NILVALUE)."""
    found: dict[str, Any] = {"facility": FACILITIES[priority >> 3]}
    for name, value in zip(("hostname", "appname", "procid", "msgid"), names, strict=False):
        if value and value != b"-":
            found[name] = _text(value)
    return found


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")
