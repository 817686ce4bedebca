r"""Pairs ``key=value`` as Go's loggers write them behind a message, in any time linear in the length of the text.

Samples: ``a=1 q="two words" err="a \"b\"\nc"``. A value in double quotes has the escapes of Go's strconv.Quote; one
without ends at the next space. Keys may be quoted too (log/slog's TextHandler).

Sources: Go's strconv.Quote and log/slog; kr/logfmt and go-logfmt/logfmt, whose quoting is the same.
"""

from __future__ import annotations

import re
from typing import Final

QUOTED: Final = r'"(?:[^"\\]++|\\.)*+"'
PAIR: Final = re.compile(rf'((?:[^\s="]++|{QUOTED})=)({QUOTED}(?=\s|\Z)|[^\s"]\S*+|)', re.DOTALL | re.ASCII)
_ESCAPE: Final = re.compile(r"\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SHORT: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_SURROGATES: Final = range(0xD800, 0xE000)


def unquoted(text: str) -> str:
    r"""Return a value without its quotes and escapes; one without quotes as it is.

    Bytes that were no UTF-8 stay as ``\xNN``.
    """
    if text[:1] != '"':
        return text
    return _ESCAPE.sub(_character, text[1:-1]) if "\\" in text else text[1:-1]


def _character(escape: re.Match[str]) -> str:
    octal, byte, short, long, other = escape.groups()
    if other is not None:
        return _SHORT.get(other, other)
    if octal or byte:
        number = int(octal, 8) if octal else int(byte, 16)
        return chr(number) if number < 0x80 else escape[0]
    number = int(short or long, 16)
    return escape[0] if number in _SURROGATES or number > 0x10FFFF else chr(number)


def read_pairs(text: str) -> dict[str, str]:
    """Return the values by key; of keys that come twice the last one."""
    return {
        key[:-1] if key[0] != '"' else unquoted(key[:-1]): value if value[:1] != '"' else unquoted(value)
        for key, value in PAIR.findall(text)
    }


def split_pairs(text: str) -> tuple[str, dict[str, str]]:
    """Split a text into what stands before the pairs at its end, and these."""
    start, position, size = None, 0, len(text)
    while position < size:
        pair = PAIR.match(text, position)
        if pair is None or (pair.end() < size and text[pair.end()] not in " \n"):
            space = text.find(" ", position)
            start, position = None, size if space < 0 else space + 1
        else:
            start = position if start is None else start
            position = pair.end() + 1
    if start is None:
        return text, {}
    return text[:start].rstrip(" "), read_pairs(text[start:])
