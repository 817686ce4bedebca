"""Rows of values between separators: CSV (RFC 4180) and TSV (text/tab-separated-values of IANA).

Sample: ``2026-11-21T01:02:03Z,warn,"cart ""7"" is slow",1.25`` with the columns time, level, message, secs. Columns
have no names in the row, so whoever chooses the format gives them; without any they are column_1, column_2 and so on.
A row that is the names themselves, a file's header, has no values. What stands under a usual name of a level, a message
or a trace (as in JSON lines) becomes that; all other values are attributes, as texts: the formats know no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from streams.core.parsers.json import MESSAGE_KEYS
from streams.core.parsers.levels import LEVELS
from streams.core.parsers.parsed import Fields, Parser, decode
from streams.core.parsers.trace_ids import take_ids

Row = dict[str, str]
Split = Callable[[str], list[str] | None]


def csv_parser(columns: tuple[str, ...] = (), delimiter: str = ",", name: str = "csv") -> Parser:
    """Read rows whose values may stand in quotation marks.

    ``delimiter`` is one character. Values beyond the columns get numbers; ``name`` is what records say of their parser.
    """
    return _parser(columns, _csv_split(delimiter), name)


def tsv_parser(columns: tuple[str, ...] = (), name: str = "tsv") -> Parser:
    """Read rows with tabs between the values, and no quotation marks."""
    return _parser(columns, lambda text: text.split("\t"), name)


def _csv_split(delimiter: str) -> Split:
    value = re.compile(rf'"((?:[^"]++|"")*+)"(?={re.escape(delimiter)}|\Z)|([^"{re.escape(delimiter)}]*+)')

    def split(text: str) -> list[str] | None:
        if '"' not in text:
            return text.split(delimiter)
        values, position = [], 0
        while (found := value.match(text, position)) is not None:
            values.append(found[2] if found[1] is None else found[1].replace('""', '"'))
            position = found.end() + 1
            if position > len(text):
                return values
            if text[position - 1] != delimiter:
                return None
        return None

    return split


def _parser(columns: tuple[str, ...], split: Split, name: str) -> Parser:
    header = list(columns)

    def read(content: bytes) -> Row | None:
        values = split(decode(content)[0].removesuffix("\r"))
        if values is None:
            return None
        if values == header:
            return {}
        names = columns + tuple(f"column_{number}" for number in range(len(columns) + 1, len(values) + 1))
        return {key: value for key, value in zip(names, values, strict=False) if value}

    def fields(content: bytes, found: Row) -> Fields:
        return row_fields(content, found, name)

    return Parser(read, row_severity, fields)


def row_severity(found: Row) -> int:
    """Number of the first column of a level's name that has a level."""
    return _level(found)[0]


def _level(found: Row) -> tuple[int, str | None]:
    for key, number_of in LEVELS.items():
        number = number_of(found[key]) if key in found else 0
        if number:
            return number, key
    return 0, None


def row_fields(content: bytes, found: Row, parser: str) -> Fields:
    """Level, message and trace context of named values; the others are attributes."""
    original, flags = decode(content)
    level_key = _level(found)[1]
    level = None if level_key is None else found.pop(level_key)
    body = next((found.pop(key) for key in MESSAGE_KEYS if key in found), original)
    attributes: dict[str, Any] = dict(found)
    trace, span = take_ids(attributes)
    return {
        "severity_text": level,
        "body": body,
        "original": original if body != original else None,
        "attributes": attributes,
        "trace_id": trace,
        "span_id": span,
        "parser": parser,
        "flags": flags,
    }


CSV: Final = csv_parser()
TSV: Final = tsv_parser()
