"""Lines of logfmt: pairs ``key=value`` and nothing else.

Samples: ``time=2026-11-21T01:02:03.915Z level=INFO msg="listening on" addr=:8080`` (Go's log/slog TextHandler),
``level=info ts=2026-11-21T01:02:03.915Z caller=main.go:108 msg="Starting Prometheus"`` (go-kit: Prometheus, Loki),
``time="2026-11-21T01:02:03Z" level=warning msg="two words"`` (logrus: containerd, Docker),
``logger=context t=2026-11-21T01:02:03Z level=error msg=no`` (Grafana).

A line is taken for this format if it begins with one of the keys that such lines begin with, every word of it is a
pair, and it tells a level, a message or an error. Lines behind the first one (of a stack trace) belong to the message.
Values are text, since the format has no types. Time, under whatever of the usual keys, becomes ``time``.

Sources: go-logfmt/logfmt, go-kit/log, log/slog, logrus' TextFormatter.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers.levels import level_number
from streams.core.parsers.message import utc_text
from streams.core.parsers.pairs import QUOTED, read_pairs, unquoted
from streams.core.parsers.parsed import Fields, Parser, decode
from streams.core.parsers.trace_ids import TRACE_FIELDS, take_ids

Found = re.Match[bytes]

_QUOTED: Final = QUOTED.encode()
_KEY: Final = rb'(?:[^\s="]++|' + _QUOTED + rb")"
_VALUE: Final = rb"(?:" + _QUOTED + rb'(?=\s|\Z)|[^\s"]\S*+|(?=\s|\Z))'
_PAIR: Final = _KEY + rb"=" + _VALUE
_LEVEL_KEY: Final = rb"(?:level|lvl|severity|loglevel|log\.level)="
_TOLD_KEY: Final = rb"(?:msg|message|err|error|event)="
_LINE: Final = re.compile(
    rb"(?:(?!" + _LEVEL_KEY + rb")" + _PAIR + rb" ++)*+"
    rb"(?:" + _LEVEL_KEY + rb"(" + _QUOTED + rb"|[^\s\"]\S*+)(?: ++|(?=[\r\n]|\Z))" + rb")?+"
    rb"((?:" + _PAIR + rb"(?: ++|(?=[\r\n]|\Z)))*+)\r?+(?:\n|\Z)"
)
_FIRST: Final = rb"(?:time|ts|t|timestamp|@timestamp|level|lvl|severity|msg|message|logger|caller)="
_TOLD: Final = re.compile(rb"(?:" + _PAIR + rb" ++)*?" + _TOLD_KEY)

LEVEL_KEYS: Final = ("level", "lvl", "severity", "loglevel", "log.level")
MESSAGE_KEYS: Final = ("msg", "message", "event", "err", "error")
TIME_KEYS: Final = ("time", "ts", "t", "timestamp", "@timestamp")


def read(content: bytes) -> Found | None:
    """The level and where the line ends, if all of it are pairs."""
    found = _match(content)
    if found is None or (found[1] is None and _TOLD.match(content) is None):
        return None
    return found


_match: Final = re.compile(rb"(?=" + _FIRST + rb")" + _LINE.pattern).match


def severity(found: Found) -> int:
    """Number of the level."""
    return level_number(unquoted(found[1].decode(errors="replace"))) if found[1] else 0


def fields(content: bytes, found: Found) -> Fields:
    """Pairs by key; level, message, time and trace context have places of their own."""
    whole, flags = decode(content)
    pairs = read_pairs(content[: found.end(2)].decode(errors="backslashreplace"))
    rest = content[found.end() :].decode(errors="backslashreplace")
    level = next((pairs.pop(key) for key in LEVEL_KEYS if key in pairs), None) if severity(found) else None
    body = next((pairs.pop(key) for key in MESSAGE_KEYS if pairs.get(key)), None)
    time = next((pairs.pop(key) for key in TIME_KEYS if pairs.get(key)), None)
    trace, span = (None, None) if TRACE_FIELDS.isdisjoint(pairs) else take_ids(pairs)
    return {
        "severity_text": level,
        "body": whole if body is None else body + "\n" + rest if rest else body,
        "original": None if body is None else whole,
        "attributes": pairs if time is None else {"time": utc_text(time), **pairs},
        "trace_id": trace,
        "span_id": span,
        "parser": "logfmt",
        "flags": flags,
    }


PARSER: Final = Parser(read, severity, fields, signature=_FIRST)
