"""PostgreSQL's csvlog.

Sample: ``2026-11-21 12:49:50.011 UTC,"postgres","shop",16744,"[local]",6b01936e.4168,5,"SELECT",2026-11-21 12:49:50
UTC,3/5,0,ERROR,22012,"division by zero",,,,,,"select 1/0;",,,"psql","client backend",,0``. A record whose texts have
line feeds in it is one only where its lines were joined. Source: PostgreSQL's documentation, "Using CSV-Format Log
Output"; columns were added at the end in 9.0, 13 and 14.
"""

from __future__ import annotations

import re
from typing import Any, Final

from streams.core.parsers.message import message_fields, text, time_text
from streams.core.parsers.parsed import Fields, Parser
from streams.core.parsers.postgresql import SEVERITIES, TIME, told_by

_CELL: Final = rb'(?:"(?:[^"]|"")*+"|[^,"\n]*+)'
_HEAD: Final = re.compile(
    TIME + rb"," + _CELL + rb"," + _CELL + rb",\d*," + _CELL + rb",[0-9a-f]+\.[0-9a-f]+,\d+," + _CELL + rb"," + TIME
    + rb"," + _CELL + rb",\d*,(DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC),[0-9A-Z]{5},"
)  # fmt: skip
_CELLS: Final = re.compile(rb'(?:^|,)(?:"((?:[^"]|"")*+)"|([^,"\n]*+))')
_RECORD: Final = re.compile(_CELL + rb"(?:," + _CELL + rb"){21,25}+")
_COLUMNS: Final = (
    "time", "user.name", "db.namespace", "process.pid", "client.address", "session_id", "session_line_num",
    "command_tag", "session_start_time", "virtual_transaction_id", "transaction_id", "", "db.response.status_code", "",
    "detail", "hint", "internal_query", "internal_query_pos", "context", "db.query.text", "query_pos", "location",
    "application_name", "backend_type", "leader_pid", "query_id",
)  # fmt: skip
_NUMBERS: Final = frozenset(
    ("process.pid", "session_line_num", "transaction_id", "internal_query_pos", "query_pos", "leader_pid", "query_id")
)
_TIMES: Final = frozenset(("time", "session_start_time"))
_MESSAGE: Final = 13
_REMOTE: Final = re.compile(rb"([^\s]{1,255}):(\d{1,5})")
_NUMBER: Final = re.compile(rb"-?\d{1,19}")
_GREATEST: Final = (1 << 63) - 1

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """One whole record."""
    found = _HEAD.match(content)
    return found if found is not None and _RECORD.fullmatch(content) else None


def severity(found: Found) -> int:
    """Number of error_severity."""
    return SEVERITIES[found[1]]


def fields(content: bytes, found: Found) -> Fields:
    """Columns become attributes; empty ones are left out."""
    cells = [quoted.replace(b'""', b'"') if quoted else plain for quoted, plain in _CELLS.findall(content)]
    attributes = {name: _value(name, cell) for name, cell in zip(_COLUMNS, cells, strict=False) if name and cell}
    message = cells[_MESSAGE]
    remote = _REMOTE.fullmatch(cells[4])
    if remote is not None:
        attributes |= {"client.address": text(remote[1]), "client.port": int(remote[2])}
    return message_fields("postgresql_csv", content, message, told_by(message) | attributes, found[1])


def _value(name: str, cell: bytes) -> Any:
    if name in _TIMES:
        return time_text(cell)
    if name in _NUMBERS and _NUMBER.fullmatch(cell) and abs(int(cell)) <= _GREATEST:
        return int(cell)
    return text(cell)


PARSER: Final = Parser(read, severity, fields, signature=TIME + rb",")
