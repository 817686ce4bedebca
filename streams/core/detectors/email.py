"""E-mail addresses: ``bob@example.org``, also with the at-sign of a URL (``bob%40example.org``).

RFC 5321, 4.1.2, as far as addresses are used: no quoted local parts, no address literals, a domain with a dot whose
last label is not a number. Letters outside ASCII count (RFC 6531).
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.detectors.detected import Detector, Span

_AT: Final = re.compile(rb"@|%(?:25)*+40")
_LOCAL: Final = bytes(range(0x80, 0x100)) + b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._%+-'~!"
_LABEL: Final = rb"[0-9A-Za-z\x80-\xff][0-9A-Za-z\x80-\xff_-]*+"
_DOMAIN: Final = re.compile(_LABEL + rb"(?:\.(" + _LABEL + rb"))++")
_LAST: Final = re.compile(rb"(?:[A-Za-z\x80-\xff]{2,}|[Xx][Nn]--[0-9A-Za-z-]+)\Z")
_NO_DOMAINS: Final = frozenset(
    b"service socket mount automount target timer slice scope path device swap png jpg jpeg gif svg webp".split()
)
"""Last parts of names with an at-sign that are none: units of systemd (getty@tty1.service), pictures (logo@2x.png)."""


def _spans(content: bytes) -> list[Span]:
    found: list[Span] = []
    last = 0
    for at in _AT.finditer(content):
        if at.start() < last:
            continue
        before = content[last : at.start()]
        local = before[len(before.rstrip(_LOCAL)) :].lstrip(b".%+-'~!")
        domain = _DOMAIN.match(content, at.end()) if local else None
        last = at.end()
        if domain is not None and (end := _end(domain)):
            start = at.start() - len(local)
            found.append((start, end, (local + b"@" + content[at.end() : end]).lower()))
            last = end
    return found


def _end(domain: re.Match[bytes]) -> int:
    """Where the domain ends; 0: it is none."""
    label = domain[1].rstrip(b"-_")
    if _LAST.match(label) is None or label.lower() in _NO_DOMAINS:
        return 0
    return domain.start(1) + len(label)


DETECTOR: Final = Detector(r"@|%(?:25)*40", _spans)
