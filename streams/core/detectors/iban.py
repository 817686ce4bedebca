"""Bank accounts: ``DE89 3704 0044 0532 0130 00`` (ISO 13616; lengths of the SWIFT IBAN registry, release 99).

Capital letters, in one piece or with single spaces, of their country's length and with the right check digits.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.detectors.detected import BEFORE, Detector, Span

_LENGTHS: Final = {
    name.encode(): length
    for length, names in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for name in names.split()
}  # fmt: skip
_BEGIN: Final = re.compile(BEFORE + rb"([A-Z]{2})[0-9]{2}(?= ?[0-9A-Z])")
_PIECE: Final = re.compile(rb" ?[0-9A-Z]")
_LETTERS: Final = {ord("A") + number: str(number + 10) for number in range(26)}


def _spans(content: bytes) -> list[Span]:
    found: list[Span] = []
    for begin in _BEGIN.finditer(content):
        end = _end(content, begin)
        if end and not content[end : end + 1].isalnum():
            text = content[begin.start() : end].replace(b" ", b"")
            if _is_checked(text.decode()):
                found.append((begin.start(), end, text))
    return found


def _end(content: bytes, begin: re.Match[bytes]) -> int:
    """Where a number of the country's length ends; 0: it is shorter, or there is no such country."""
    left, at = _LENGTHS.get(begin[1], 0) - 4, begin.end()
    if left < 0:
        return 0
    for _ in range(left):
        piece = _PIECE.match(content, at)
        if piece is None:
            return 0
        at = piece.end()
    return at


def _is_checked(text: str) -> bool:
    return int((text[4:] + text[:4]).translate(_LETTERS)) % 97 == 1


DETECTOR: Final = Detector(r"[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4}", _spans)
