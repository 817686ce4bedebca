r"""Pairs of a name and a value anywhere in a line, for whatever is written in no format of its own.

Samples: ``payment refused user=42 reason="no funds"``, ``user: 42; reason: 'no funds'`` with ``sign=":"``. A value
ends at white space, a comma or a semicolon, or stands in quotation marks, in which ``\`` escapes. Words around the
pairs stay in the body. No specification; never recognised by itself: any text may have such a pair in it.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers.parsed import Fields, Parser, decode
from streams.core.parsers.separated import Row, row_fields, row_severity

_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def key_value_parser(sign: str = "=", name: str = "key_value") -> Parser:
    """Pairs with ``sign`` between name and value; ``name`` is what records say of their parser."""
    pair = re.compile(
        rf"(?<![\w.@/-])([A-Za-z_@][\w.@/-]*+) ?{re.escape(sign)} ?"
        r"""(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|'([^'\\]*+(?:\\.[^'\\]*+)*+)'|([^\s,;"']*+))""",
        re.DOTALL,
    )

    def read(content: bytes) -> Row | None:
        found = {match[1]: _value(match) for match in pair.finditer(decode(content)[0])}
        return found or None

    def fields(content: bytes, found: Row) -> Fields:
        return row_fields(content, found, name)

    return Parser(read, row_severity, fields)


def _value(match: re.Match[str]) -> str:
    if match[4] is not None:
        return match[4]
    text = match[2] if match[2] is not None else match[3]
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


PARSER: Final = key_value_parser()
