"""PostgreSQL's log, as it goes to stderr.

Samples, by log_line_prefix: ``2026-11-21 12:49:50.011 UTC [16744] ERROR:  division by zero`` (``%m [%p] ``, the
default), ``2026-11-21 12:49:52 UTC [16771]: [3-1] user=postgres,db=shop,app=psql,client=[local] ERROR:  …``
(pgBadger's), ``2026-11-21 12:49:56 UTC:10.0.0.7(5432):postgres@shop:[16902]:ERROR:  …`` (RDS). A prefix that begins
with the time and has the process in brackets is understood, in any order of what it names. DETAIL, HINT, QUERY,
CONTEXT, STATEMENT, LOCATION and BACKTRACE are lines of their own that go on with the message before; they have no
severity.

Source: PostgreSQL's documentation, "Error Reporting and Logging", and send_message_to_server_log in elog.c, which
writes two spaces behind the colon, and DEBUG for all of DEBUG1 to DEBUG5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from streams.core.parsers.layout import LEVEL
from streams.core.parsers.message import message_fields, text, time_text
from streams.core.parsers.parsed import Fields, Parser

SEVERITIES: Final[Mapping[bytes, int]] = {
    b"DEBUG": 5, b"DEBUG5": 5, b"DEBUG4": 5, b"DEBUG3": 5, b"DEBUG2": 5, b"DEBUG1": 5,
    b"LOG": 9, b"INFO": 9, b"NOTICE": 10, b"WARNING": 13, b"ERROR": 17, b"FATAL": 21, b"PANIC": 22,
}  # fmt: skip
"""FATAL ends a session, PANIC all of them: both of the fatal range, one above the other."""

TIME: Final = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})? (?:(?!" + LEVEL + rb")[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?)"
"""A time and its zone; the level that other programs have there is none."""
_LINE: Final = re.compile(
    rb"(" + TIME + rb")(?=[ :\[])([^\n]{1,512}?)(?<=[ :\]])"
    rb"(?:(DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC)"
    rb"|(DETAIL|HINT|QUERY|CONTEXT|STATEMENT|LOCATION|BACKTRACE)):  (?:([0-9A-Z]{5}): )?(.*)",
    re.DOTALL,
)
_PROCESS: Final = re.compile(rb"\[(\d{1,10})\]")
_LINE_NUMBER: Final = re.compile(rb"\[(\d{1,10})-\d{1,10}\]")
_NAMED: Final = re.compile(rb"(user|db|database|app|client|host)=([^,\s]{0,256})")
_USER_AT: Final = re.compile(rb"(?:^|[ :])([^\s:@=]{1,128})@([^\s:@=]{1,128})(?=[ :]|$)")
_REMOTE: Final = re.compile(rb"(?<=:)([^\s:()]{1,255})\((\d{1,5})\)(?=:)")
_NAMES: Final[Mapping[bytes, str]] = {
    b"user": "user.name", b"db": "db.namespace", b"database": "db.namespace", b"app": "application_name",
    b"client": "client.address", b"host": "client.address",
}  # fmt: skip
_NOBODY: Final = b"[unknown]"
_DURATION: Final = re.compile(rb"duration: (\d{1,12}\.\d{1,6}) ms(?:  |$)")
_STATEMENT: Final = re.compile(rb"(?:statement|(?:parse|bind|execute) [^\s:]{1,64}+): ")

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line whose prefix has a process in brackets."""
    found = _LINE.match(content)
    return found if found is not None and _PROCESS.search(found[2]) else None


def severity(found: Found) -> int:
    """Number of the level; none of a line that goes on with the message before."""
    return SEVERITIES[found[3]] if found[3] else 0


def fields(content: bytes, found: Found) -> Fields:
    """What the prefix names, SQLSTATE, duration and statement become attributes."""
    time, prefix, level, part, state, message = found.groups()
    attributes = _of_prefix(prefix) | {"time": time_text(time)}
    if state:
        attributes["db.response.status_code"] = text(state)
    if part:
        attributes["part"] = text(part.lower())
    if part in (b"STATEMENT", b"QUERY"):
        attributes["db.query.text"] = text(message)
    return message_fields("postgresql", content, message, attributes | told_by(message), level)


def told_by(message: bytes) -> dict[str, Any]:
    """What log_duration, log_min_duration_statement and log_statement write: milliseconds and a statement."""
    told: dict[str, Any] = {}
    at = 0
    duration = _DURATION.match(message)
    if duration is not None:
        told["duration_ms"] = float(duration[1])
        at = duration.end()
    statement = _STATEMENT.match(message, at)
    if statement is not None:
        told["db.query.text"] = text(message[statement.end() :])
    return told


def _of_prefix(prefix: bytes) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    process, number, remote = _PROCESS.search(prefix), _LINE_NUMBER.search(prefix), _REMOTE.search(prefix)
    if process:
        attributes["process.pid"] = int(process[1])
    if number:
        attributes["session_line_num"] = int(number[1])
    if remote:
        attributes |= {"client.address": text(remote[1]), "client.port": int(remote[2])}
    user = _USER_AT.search(prefix)
    named = _NAMED.findall(prefix) if user is None else [(b"user", user[1]), (b"db", user[2])]
    return attributes | {_NAMES[name]: text(value) for name, value in named if value and value != _NOBODY}


PARSER: Final = Parser(read, severity, fields, signature=TIME + rb"[ :\[]")
