"""Addresses of IPv4 (``198.51.100.7``) and IPv6 (``2001:db8::7``, RFC 4291, 2.2), not loopback and not unspecified.

What only looks like one is left: versions of five parts or behind the word, products of browsers
(``Chrome/120.0.0.0``), names of programs (``abc::def``).
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from streams.core.detectors.detected import BEFORE, Detector, Span, in_order

_V4: Final = re.compile(
    BEFORE + rb"(?<![0-9A-Za-z]\.)([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9A-Za-z]|\.[0-9])"
)
_VERSION: Final = re.compile(rb"(?:version|release|build)[ :=]{1,3}\Z", re.IGNORECASE)
_PRODUCT: Final = re.compile(rb"[A-Za-z]/\Z")
_V6: Final = re.compile(
    rb"(?:(?<![0-9A-Za-z._:])|(?<=[^0-9A-Fa-f:]:)|(?<=\\[nrt]))"
    rb"(?:[0-9A-Fa-f]{1,4}:|::)(?:[0-9A-Fa-f]{1,4}:|:)*+"
    rb"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{1,4})?(?![0-9A-Za-z_])"
)
_LONGEST: Final = 45
"""Characters of an address of IPv6 that ends in one of IPv4, written out; one of them may be a colon behind it."""


def _spans(content: bytes) -> list[Span]:
    if content.count(b":") < 2:
        return _v4(content)
    found = [] if content.count(b".") < 3 else _v4(content)
    return in_order(found + _v6(content))


def _v4(content: bytes) -> list[Span]:
    found: list[Span] = []
    for match in _V4.finditer(content):
        parts = [int(part) for part in match.groups()]
        if max(parts) > 255 or parts[0] == 127 or not any(parts):
            continue
        before = content[max(match.start() - 12, 0) : match.start()]
        if _VERSION.search(before) or (not any(parts[1:]) and _PRODUCT.search(before)):
            continue
        found.append((match.start(), match.end(), b"%d.%d.%d.%d" % tuple(parts)))
    return found


def _v6(content: bytes) -> list[Span]:
    found: list[Span] = []
    for match in _V6.finditer(content):
        if match.end() - match.start() <= _LONGEST + 6:
            address = next((each for each in _readings(match[0]) if each is not None), None)
            if address is not None and not (address[1].is_loopback or address[1].is_unspecified):
                end = match.start() + address[0]
                found.append((match.start(), end, address[1].compressed.encode()))
    return found


def _readings(text: bytes) -> list[tuple[int, IPv6Address] | None]:
    """The text as an address: all of it, without a colon behind it, without a port."""
    without = text.removesuffix(b":")
    return [_address(text), _address(without), _address(without.rpartition(b":")[0])]


def _address(text: bytes) -> tuple[int, IPv6Address] | None:
    if text.count(b":") < 4 and not any(each in b"0123456789" for each in text):
        return None  # words, in programs with names such as abc::def
    try:
        return len(text), IPv6Address(text.decode())
    except AddressValueError:
        return None


DETECTOR: Final = Detector(
    r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|::|(?:[0-9A-Fa-f]{1,4}:){6}",
    _spans,
)
