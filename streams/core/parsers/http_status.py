"""Severity of a line that has none but an HTTP status, by a table from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.core.parsers.parsed import Parser


def with_statuses(parser: Parser, numbers: Sequence[int]) -> Parser:
    """Return the parser with severities by status; one that reads no status stays as it is.

    ``numbers[404]`` is that of 404; ``numbers[0]`` that of no status, and of those beyond the table's end. A severity
    that the line itself has goes before. ``numbers`` comes from the settings (`HttpStatusSettings.numbers`). The
    severity's text stays empty: nobody wrote one.
    """
    own, read_status = parser.severity, parser.status
    if read_status is None:
        return parser
    table, end = tuple(numbers), len(numbers)

    def severity(found: Any) -> int:
        number = own(found)
        if number:
            return number
        status = read_status(found)
        return table[status if 0 <= status < end else 0]

    return parser._replace(severity=severity)
