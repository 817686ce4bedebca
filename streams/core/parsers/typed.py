"""Types of fields: from the text in a line, or a value of JSON, to what the record holds.

A value that is not of its type stays what it is: nothing is lost, and a line is not refused for one field.

==========  =====================================================  ===========================
string      text; other values as JSON writes them                 ``200`` → ``"200"``
int         decimal or ``0x``, within 64 bits                      ``"+7"`` → ``7``
float       with point or exponent, finite                         ``"1e3"`` → ``1000.0``
bool        true/false, yes/no, on/off, t/f, y/n, 1/0              ``"off"`` → ``False``
json        a JSON text (RFC 8259)                                 ``"[1]"`` → ``[1]``
duration    seconds; Go's notation, words, ``H:MM:SS``, ISO 8601   ``"1h2m"`` → ``3720.0``
bytes       a size in bytes; k, M, G … 1000, Ki, Mi, Gi … 1024     ``"1.5 KiB"`` → ``1536``
ip          an address in its canonical form (RFC 5952)            ``"2001:DB8::0"`` → ``"2001:db8::"``
==========  =====================================================  ===========================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from ipaddress import ip_address
from math import isfinite
from typing import Any, Final, TypeAlias

import orjson

from streams.core.framing.attributes import json_text

Convert: TypeAlias = Callable[[Any], Any]

NUMBER_MAX: Final = 40
"""Digits and signs of a number; longer texts stay texts."""
DURATION_MAX: Final = 80

_INT: Final = re.compile(r"[+-]?\d+", re.ASCII)
_HEX: Final = re.compile(r"[+-]?0[xX][0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmMgGtTpPeE]?)(i?)(?:[bB]|[bB]ytes?)?", re.ASCII)
_AMOUNT: Final = re.compile(r"(\d+(?:[.,]\d+)?|[.,]\d+)\s*([a-z\u00b5\u03bc]+)[,\s]*", re.ASCII)
_CLOCK: Final = re.compile(r"(?:(\d{1,6}):)?(\d{1,2}):(\d\d(?:[.,]\d+)?)", re.ASCII)
_ISO: Final = re.compile(
    r"P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_ISO_SECONDS: Final = (604_800, 86_400, 3600, 60, 1)
_BOOLS: Final = dict.fromkeys(("true", "yes", "on", "t", "y", "1"), True) | dict.fromkeys(
    ("false", "no", "off", "f", "n", "0"), False
)
_UNITS: Final[Mapping[str, Decimal]] = {
    name: Decimal(seconds)
    for seconds, names in {
        "1e-9": "ns nanosecond nanoseconds",
        "1e-6": "us \u00b5s \u03bcs usec usecs microsecond microseconds",
        "1e-3": "ms msec msecs millis millisecond milliseconds",
        "1": "s sec secs second seconds",
        "60": "m min mins minute minutes",
        "3600": "h hr hrs hour hours",
        "86400": "d day days",
        "604800": "w week weeks",
    }.items()
    for name in names.split()
}


def to_string(value: Any) -> Any:
    """A text."""
    return value if type(value) is str else json_text(value)


def to_int(value: Any) -> Any:
    """A whole number within 64 bits."""
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < 1 << 53 else value
    if type(value) is not str or len(value) > NUMBER_MAX:
        return value
    text = value.strip()
    if _INT.fullmatch(text):
        number = int(text)
    elif _HEX.fullmatch(text):
        number = int(text, 16)
    else:
        return value
    return number if -(1 << 63) <= number < 1 << 63 else value


def to_float(value: Any) -> Any:
    """A finite number with a point."""
    if type(value) is int:
        return float(value) if abs(value) < 1 << 64 else value
    if type(value) is not str or len(value) > NUMBER_MAX or not _FLOAT.fullmatch(value.strip()):
        return value
    number = float(value)
    return number if isfinite(number) else value


def to_bool(value: Any) -> Any:
    """True or false."""
    if type(value) is int:
        return bool(value) if value in (0, 1) else value
    return _BOOLS.get(value.strip().lower(), value) if type(value) is str and len(value) < 10 else value


def to_json(value: Any) -> Any:
    """What a JSON text says."""
    if type(value) is str:
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(value)
    return value


def to_seconds(value: Any) -> Any:
    """Seconds of a duration; a bare number is seconds already."""
    if type(value) is not str:
        return to_float(value)
    text = value.strip() if len(value) <= DURATION_MAX else ""
    negative = text.startswith("-")
    seconds = _unsigned_seconds(text.lstrip("+-") if text[:1] in "+-" else text)
    if seconds is None:
        return value
    number = float(-seconds if negative else seconds)
    return number if isfinite(number) else value


def _unsigned_seconds(text: str) -> Decimal | None:
    plain = text.replace(",", ".")
    if re.fullmatch(r"\d+(?:\.\d*)?|\.\d+", plain, re.ASCII):
        return Decimal(plain)
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = clock.groups()
        return Decimal(hours or 0) * 3600 + Decimal(minutes) * 60 + Decimal(seconds.replace(",", "."))
    if (iso := _ISO.fullmatch(text)) and any(iso.groups()):
        return sum((Decimal(n) * unit for n, unit in zip(iso.groups(), _ISO_SECONDS, strict=True) if n), Decimal(0))
    return _amounts(text.lower())


def _amounts(text: str) -> Decimal | None:
    """``1h2m3.5s``, ``3 days, 2 hours``: amounts with units, one behind the other."""
    total, at = Decimal(0), 0
    while at < len(text):
        found = _AMOUNT.match(text, at)
        unit = None if found is None else _UNITS.get(found[2])
        if found is None or unit is None:
            return None
        total += Decimal(found[1].replace(",", ".")) * unit
        at = found.end()
    return total if text else None


def to_bytes(value: Any) -> Any:
    """A size in bytes."""
    if type(value) is not str or len(value) > NUMBER_MAX:
        return to_int(value)
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        return value
    power = " kmgtpe".index(found[2].lower() or " ")
    if found[3] and not power:
        return value
    size = round(Decimal(found[1]) * (1024 if found[3] else 1000) ** power)
    return size if size < 1 << 63 else value


def to_ip(value: Any) -> Any:
    """An IP address in its canonical form; brackets around it and a zone behind it are allowed."""
    if type(value) is str and len(value) <= DURATION_MAX:
        with suppress(ValueError):
            return str(ip_address(value.strip().removeprefix("[").removesuffix("]")))
    return value


CONVERT: Final[Mapping[str, Convert]] = {
    "string": to_string,
    "int": to_int,
    "float": to_float,
    "bool": to_bool,
    "json": to_json,
    "duration": to_seconds,
    "bytes": to_bytes,
    "ip": to_ip,
}
"""By the names that settings have for them."""
