"""etcd before 3.5, and other programs that log by capnslog.

Samples: ``2026-11-21 12:48:57.429153 I | etcdmain: etcd Version: 3.4.23``, where the letter is the level (C, E, W, N,
I, D or T), and, of its raft library beside it, ``raft2026/11/21 12:48:57 INFO: 8e9e05c52164694d became follower at
term 1``. Times are local. Source: github.com/coreos/pkg, capnslog/formatters.go and levels.go; go.etcd.io/etcd,
raft/logger.go. Newer versions write JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser

_RAFT_LEVEL: Final = rb"(?:DEBUG|INFO|WARN|ERROR|FATAL|PANIC)"
_LINE: Final = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) ([CEWNIDT]) \| (?:([\w./-]{1,64}): )?(.*)"
    rb"|(raft)(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) (" + _RAFT_LEVEL + rb"): (.*)",
    re.DOTALL,
)
_SEVERITIES: Final[Mapping[bytes, int]] = {b"C": 18, b"E": 17, b"W": 13, b"N": 10, b"I": 9, b"D": 5, b"T": 1}

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of capnslog's default format, or of raft's own logger."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the letter or word."""
    return _SEVERITIES[found[2]] if found[2] else SEVERITY_BY_BYTES[found[7]]


def fields(content: bytes, found: Found) -> Fields:
    """Time and package become attributes."""
    time, level, package, message = found.group(1, 2, 3, 4) if found[2] else found.group(6, 7, 5, 8)
    attributes = {"time": text(time)} | ({"logger": text(package)} if package else {})
    return message_fields("etcd", content, message, attributes, level)


PARSER: Final = Parser(
    read,
    severity,
    fields,
    signature=rb"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} [CEWNIDT] \| |raft\d{4}/\d\d/\d\d )",
)
