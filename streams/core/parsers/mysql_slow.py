r"""Slow query logs of MySQL, Percona Server and MariaDB: an entry of several lines.

Sample: ``# Time: 2026-11-21T01:02:03.123456Z\n# User@Host: shop[shop] @ web [10.0.0.7]  Id:     8\n# Query_time:
0.200827 Lock_time: 0.000054 Rows_sent: 1  Rows_examined: 1\nuse shop;\nSET timestamp=1795265405;\nselect
sleep(0.2);``. MariaDB and MySQL before 8.0 leave ``# Time`` out where it did not change. The body is the statement.
Its time is the one that ``SET timestamp`` says (when the statement began, in MySQL before 8.0.14 when it ended);
where there is none, that of ``# Time``. Source: MySQL Reference Manual, "The Slow Query Log"; MariaDB's
MYSQL_QUERY_LOG::write.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from streams.core.parsers.message import message_fields, text, time_text
from streams.core.parsers.parsed import Fields, Parser

_SIGNATURE: Final = rb"# (?:Time: \d|User@Host: |Query_time: \d)"
_LINE: Final = re.compile(
    rb"(?:# Time: ([^\n]{1,64})(?:\n|$))?((?:#[^\n]*+(?:\n|$))*+)(?:use ([^\n;]{1,256});\n)?"
    rb"(?:SET timestamp=(\d{1,10})(?:\.\d{1,6})?;\n?)?(.*)",
    re.DOTALL,
)
_IS_HEAD: Final = re.compile(_SIGNATURE)
_USER: Final = re.compile(
    rb"# User@Host: ([^\[\n]{0,128})\[[^\]\n]{0,128}\] @ +([^\[\s]{0,255}) *\[([^\]\n]{0,255})\](?: +Id: +(\d{1,18}))?"
)
_PAIR: Final = re.compile(rb"(?<= )([A-Z][A-Za-z_]{1,40}): +([^\s:]{1,256}+)(?= |$)")
_NUMBER: Final = re.compile(rb"-?\d{1,18}(\.\d{1,9})?")
_NAMES: Final = {"schema": "db.namespace", "thread_id": "thread.id", "id": "thread.id"}

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """An entry, or a part of its head."""
    return _LINE.match(content) if _IS_HEAD.match(content) else None


def severity(_found: Found) -> int:
    """An entry says none."""
    return 0


def fields(content: bytes, found: Found) -> Fields:
    """Everything before the statement becomes attributes, named in lower case."""
    time, head, schema, timestamp, statement = found.groups()
    attributes = _of_head(head)
    if schema:
        attributes["db.namespace"] = text(schema.strip(b"`"))
    if timestamp:
        attributes["time"] = datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    elif time:
        attributes["time"] = time_text(time)
    if statement:
        attributes["db.query.text"] = text(statement)
    return message_fields("mysql_slow", content, statement, attributes)


def _of_head(head: bytes) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for line in head.split(b"\n"):
        user = _USER.match(line)
        if user is not None:
            named = (("user.name", user[1]), ("client.address", user[3] or user[2]))
            attributes |= {name: text(value) for name, value in named if value}
            if user[4]:
                attributes["thread.id"] = int(user[4])
        elif not line.startswith(b"# explain:"):
            for name, value in _PAIR.findall(line):
                lower = name.decode().lower()
                attributes[_NAMES.get(lower, lower)] = _value(value)
    return attributes


def _value(written: bytes) -> str | int | float:
    number = _NUMBER.fullmatch(written)
    if number is None:
        return text(written)
    return float(written) if number[1] else int(written)


PARSER: Final = Parser(read, severity, fields, signature=_SIGNATURE)
