r"""Labeled tab-separated values: ``label:value`` between tabs.

Sample: ``time:28/Feb/2013:12:00:00 +0900\thost:192.168.0.1\treq:GET / HTTP/1.1\tstatus:200\tsize:512``.
http://ltsv.org, which also recommends labels for access logs. A line that begins with its time or its host and has a
status is such a log (`ACCESS`) and is recognised; any other is only read if somebody chose the format (`PARSER`).
"""

from __future__ import annotations

import re
from typing import Any, Final

from streams.core.parsers.message import message_fields
from streams.core.parsers.parsed import Fields, Parser, decode
from streams.core.parsers.separated import Row, row_fields, row_severity
from streams.core.parsers.web import (
    Attributes,
    add_header,
    add_request,
    add_target,
    clf_time,
    no_severity,
)

SIGNATURE: Final = rb"(?:time|host):[^\t]{0,255}+\t[0-9A-Za-z_.-]{1,64}+:"

_LABEL: Final = re.compile(rb"[0-9A-Za-z_.-]{1,128}+")
_PAIR: Final = rb"[0-9A-Za-z_.-]{1,128}+:[^\t]*+"
_ACCESS: Final = re.compile(rb"(?=(?:time|host):)" + _PAIR + rb"(?:\t" + _PAIR + rb")++")
_STATUS: Final = re.compile(rb"\tstatus:(\d{3})(?=\t|\Z)")
_NUMBER: Final = re.compile(rb"\d{1,18}(\.\d{1,9})?")
_CLF_TIME: Final = re.compile(rb"\[?(\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]?")

_TEXTS: Final = {
    "host": "client.address",
    "ident": "identity",
    "user": "user.name",
    "method": "http.request.method",
    "ua": "user_agent.original",
    "vhost": "server.address",
}
_NUMBERS: Final = {
    "size": "http.response.body.size",
    "reqsize": "http.request.size",
}
_HEADERS: Final = {"referer": "referer", "forwardedfor": "x-forwarded-for"}

Pairs = dict[str, bytes]


def read_pairs(content: bytes) -> Pairs | None:
    """Values by label, the first where one comes twice; None if there is anything without a label."""
    pairs: Pairs = {}
    for part in content.split(b"\t"):
        label, mark, value = part.partition(b":")
        if not mark or not _LABEL.fullmatch(label):
            return None
        pairs.setdefault(label.decode(), value)
    return pairs


def read(content: bytes) -> Row | None:
    """Texts by label."""
    pairs = read_pairs(content)
    return None if pairs is None else {label: decode(value)[0] for label, value in pairs.items()}


def fields(content: bytes, found: Row) -> Fields:
    """Level, message and trace context under their usual labels; the others are attributes."""
    return row_fields(content, {label: text for label, text in found.items() if text not in ("", "-")}, "ltsv")


def read_access(content: bytes) -> re.Match[bytes] | None:
    """The status of a line of an access log, known by its first label and by having one."""
    return _STATUS.search(content) if _ACCESS.fullmatch(content) else None


def status(found: re.Match[bytes]) -> int:
    """HTTP status."""
    return int(found[1])


def access_fields(content: bytes, found: re.Match[bytes]) -> Fields:
    """The recommended labels under their common names, the others under their own."""
    attributes: Attributes = {"http.response.status_code": status(found)}
    for label, raw in (read_pairs(content) or {}).items():
        if raw not in (b"", b"-") and label != "status":
            _add(attributes, label, raw)
    return message_fields("ltsv_access", content, b"", attributes)


def _add(attributes: Attributes, label: str, raw: bytes) -> None:
    if label == "time":
        time = _CLF_TIME.fullmatch(raw)
        attributes["time"] = clf_time(time[1]) if time else decode(raw)[0]
    elif label == "req":
        add_request(attributes, raw, _text)
    elif label == "uri":
        add_target(attributes, raw, _text)
    elif label == "protocol":
        attributes["network.protocol.version"] = _text(raw).removeprefix("HTTP/")
    elif label in _HEADERS:
        add_header(attributes, _HEADERS[label], raw, _text)
    else:
        attributes[_TEXTS.get(label) or _NUMBERS.get(label, label)] = _value(label, raw)


def _value(label: str, raw: bytes) -> Any:
    """Numbers where the recommendation has some: sizes, status, and what ends in time or microsec."""
    number = _NUMBER.fullmatch(raw) if label in _NUMBERS or label.endswith(("time", "microsec")) else None
    return _text(raw) if number is None else int(raw) if number[1] is None else float(raw)


def _text(raw: bytes) -> str:
    return decode(raw)[0]


PARSER: Final = Parser(read, row_severity, fields)
ACCESS: Final = Parser(read_access, no_severity, access_fields, SIGNATURE, status)
