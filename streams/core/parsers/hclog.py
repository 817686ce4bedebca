"""Vault, Consul, Nomad, Boundary, Terraform: programs that log by hclog.

Sample: ``2026-11-21T01:02:03.123Z [INFO]  core.cluster-listener: starting listener: listener_address=0.0.0.0:8201``.
After the level comes the logger's name, then the message, then pairs; a value of several lines stands on lines that
begin with ``|``. Nomad and Consul indent the lines of their agents. Source: github.com/hashicorp/go-hclog,
intlogger.go.
"""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text, time_text
from streams.core.parsers.parsed import Fields, Parser

_TIME: Final = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d{4})"
_LEVEL: Final = rb"(?:TRACE\] |DEBUG\] |INFO\]  |WARN\]  |ERROR\] )"
_LINE: Final = re.compile(
    rb" {0,4}(" + _TIME + rb") \[(?=" + _LEVEL + rb")([A-Z]{4,5})\] {1,2}"
    rb"(?:([\w/.-]{1,200}\.go:\d{1,9}): )?(?:([\w./@-]{1,200}): )?(.*)",
    re.DOTALL,
)
_KEY: Final = rb"[\w./@()-]{1,200}+="
_QUOTED: Final = rb'"(?:[^"\\\n]|\\.)*+"'
_PAIRS: Final = re.compile(
    rb"(?:\s++" + _KEY + rb"(?:" + _QUOTED + rb"|\[[^\]\n]*+\]|(?:\n *\| [^\n]*+)++|[^\s\"]*+(?=\s|$)))++\s*+",
    re.DOTALL,
)
_PAIR: Final = re.compile(
    rb"\s++(" + _KEY + rb")(" + _QUOTED + rb"|\[[^\]\n]*+\]|(?:\n *\| [^\n]*+)++|[^\s\"]*+)", re.DOTALL
)
_MARGIN: Final = re.compile(r"(?:^|\n) *\| ")
_MOST_COLONS: Final = 16
"""So many colons are tried as the end of the message."""

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of hclog's text format."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the level."""
    return SEVERITY_BY_BYTES[found[2]]


def fields(content: bytes, found: Found) -> Fields:
    """Time, caller, logger and pairs become attributes."""
    attributes: dict[str, Any] = {"time": time_text(found[1])}
    if found[3]:
        file, _, line = found[3].rpartition(b":")
        attributes |= {"code.file.path": text(file), "code.line.number": int(line)}
    if found[4]:
        attributes["logger"] = text(found[4])
    message, pairs = _split(found[5])
    return message_fields("hclog", content, message, pairs | attributes, found[2])


def _split(message: bytes) -> tuple[bytes, dict[str, Any]]:
    """The message and the pairs behind it: they begin after the first colon from which on there are only pairs."""
    at = -1
    for _ in range(_MOST_COLONS):
        at = message.find(b":", at + 1)
        if at < 0:
            break
        if _PAIRS.fullmatch(message, at + 1):
            return message[:at], _pairs(message, at + 1)
    return message, {}


def _pairs(message: bytes, at: int) -> dict[str, Any]:
    """From one pair to the next; a search would try every place behind the last one."""
    pairs: dict[str, Any] = {}
    while pair := _PAIR.match(message, at):
        pairs[text(pair[1][:-1])] = _value(pair[2])
        at = pair.end()
    return pairs


def _value(written: bytes) -> str:
    value = text(written)
    if value[:1] == '"':
        return value[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
    return _MARGIN.sub("\n", value).removeprefix("\n") if value[:1] == "\n" else value


PARSER: Final = Parser(read, severity, fields, signature=rb" {0,4}" + _TIME + rb" \[" + _LEVEL)
