"""Payment card numbers: ``4111 1111 1111 1111``, ``3782-822463-10005``, ``5555555555554444``.

13 to 19 digits (ISO/IEC 7812-1) in groups of four or more, the last of three or more, with the same space or dash
between them; beginning as the numbers of an issuer begin, in one of their lengths, and with the right check digit
(Luhn). Not inside of words, hashes, UUIDs and fractions.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.detectors.detected import BEFORE, Detector, Span

_RUN: Final = re.compile(BEFORE + rb"[0-9]{3,}+(?:[ -][0-9]{3,}+)*+")
_GROUP: Final = re.compile(rb"[0-9]+")
_AFTER: Final = re.compile(rb"[A-Za-z]|\.0*+[1-9]")
_DIGITS_MAX: Final = 19
_ISSUERS: Final = re.compile(
    rb"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    rb"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    rb"|3[47]\d{13}"  # American Express
    rb"|(?:6011|64[4-9]\d|65\d\d|62\d\d|81\d\d|220[0-4]|35(?:2[89]|[3-8]\d))\d{12,15}"  # Discover, UnionPay, Mir, JCB
    rb"|3(?:0[0-59]|[689]\d)\d{11,16}"  # Diners Club
    rb"|(?:50\d\d|5[6-8]\d\d|60\d\d|63\d\d|67\d\d)\d{9,15}"  # Maestro, RuPay, Elo, Verve
    rb"|9792\d{12}"  # Troy
)
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")
"""Digit by digit: doubled, with the two digits of the result added up."""


def _spans(content: bytes) -> list[Span]:
    found: list[Span] = []
    for run in _RUN.finditer(content):
        if run.end() - run.start() < 13 or (content[run.start() - 1 : run.start()] == b"." and _fraction(content, run)):
            continue
        groups = [(each.start(), each.end()) for each in _GROUP.finditer(content, run.start(), run.end())]
        _cards(content, groups, found)
    return found


def _fraction(content: bytes, run: re.Match[bytes]) -> bool:
    return content[run.start() - 2 : run.start() - 1].isdigit()


def _cards(content: bytes, groups: list[tuple[int, int]], found: list[Span]) -> None:
    """Groups of digits with one character between them: the longest numbers that are cards."""
    first = 0
    while first < len(groups):
        last = next((last for last in _windows(groups, first) if _is_card(content, groups, first, last)), None)
        if last is not None:
            start, end = groups[first][0], groups[last][1]
            found.append((start, end, _digits(content[start:end])))
            first = last
        first += 1


def _windows(groups: list[tuple[int, int]], first: int) -> list[int]:
    """Last groups of numbers that begin with the first group, longest first."""
    digits, windows = 0, []
    for last in range(first, min(first + 5, len(groups))):
        digits += groups[last][1] - groups[last][0]
        if digits > _DIGITS_MAX:
            break
        if digits >= 13:
            windows.append(last)
    return windows[::-1]


def _is_card(content: bytes, groups: list[tuple[int, int]], first: int, last: int) -> bool:
    start, end = groups[first][0], groups[last][1]
    text = content[start:end]
    if first < last and not _is_grouped(content, groups[first : last + 1], text):
        return False
    digits = _digits(text)
    return _ISSUERS.fullmatch(digits) is not None and _AFTER.match(content, end) is None and _luhn(digits)


def _is_grouped(content: bytes, groups: list[tuple[int, int]], text: bytes) -> bool:
    """Whether the groups are those of one number, and not a part of an identifier with more dashes."""
    if (b" " in text and b"-" in text) or any(end - start < 4 for start, end in groups[:-1]):
        return False
    start, end = groups[0][0], groups[-1][1]
    around = content[max(start - 2, 0) : start], content[end : end + 2]
    return b"-" not in text or not (
        (around[0][1:] == b"-" and around[0][:1].isalnum()) or (around[1][:1] == b"-" and around[1][1:].isalnum())
    )


def _digits(text: bytes) -> bytes:
    return text.translate(None, b" -")


def _luhn(digits: bytes) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = sum(digits[-1::-2]) + sum(digits[-2::-2].translate(_DOUBLED)) - len(digits) * ord("0")
    return total % 10 == 0


DETECTOR: Final = Detector(r"[0-9]{13}|[0-9]{4}[ -][0-9]{4}", _spans)
