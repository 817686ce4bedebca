r"""Lines of CoreDNS: queries, and what its plugins say.

Samples::

    [INFO] 10.0.0.1:53123 - 1234 "A IN example.com. udp 40 false 512" NOERROR qr,rd,ra 106 0.001s
    [ERROR] plugin/errors: 2 example.com. A: read udp 10.0.0.9:58072->10.0.0.2:53: i/o timeout

https://coredns.io/plugins/log/ (the formats ``common`` and ``combined``), https://coredns.io/plugins/errors/ and
plugin/pkg/log. ``duration`` is in seconds.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser
from streams.core.parsers.web import (
    Attributes,
    add_numbers,
    add_peer,
    add_texts,
)

SIGNATURE: Final = rb'\[(?:DEBUG|INFO|WARNING|ERROR|FATAL)\] (?:plugin/[\w-]|\S{2,255}+ - \d{1,5} ")'

_LINE: Final = re.compile(
    rb"\[(DEBUG|INFO|WARNING|ERROR|FATAL)\] (?:"
    rb"plugin/([\w-]{1,64}+): (.*)|"
    rb'(\S{2,255}+) - (\d{1,5}) "(\S{1,32}+) (\S{1,32}+) ((?:[^\s"\\]++|\\.)*+) '
    rb'(\w{1,16}+) (\d{1,9}) (true|false|-) (\d{1,9}|-)" (\S{1,32}+) (\S{1,64}+) (\d{1,9}) (\d{1,9}(?:\.\d{1,12})?)s'
    rb'(?: "(\d{1,5})")?)',
    re.DOTALL,
)
_QUESTION: Final = re.compile(rb"(\d{1,5}) ((?:[^\s\\]++|\\.)++) ([^\s:]{1,32}+): ", re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\([^\d])", re.DOTALL)

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """The parts of a line."""
    return _LINE.fullmatch(content)


def severity(found: Found) -> int:
    """Number of the level; that of queries is always INFO."""
    return SEVERITY_BY_BYTES[found[1]]


def fields(content: bytes, found: Found) -> Fields:
    """A plugin's message; or a query, which has none and is its own body."""
    attributes: Attributes = {}
    if found[2] is None:
        _add_query(attributes, found)
        return message_fields("coredns", content, content, attributes, found[1])
    attributes["plugin"] = text(found[2])
    question = _QUESTION.match(found[3]) if found[2] == b"errors" else None
    if question:
        attributes |= {"rcode": int(question[1]), "dns.question.name": _name(question[2]), "type": text(question[3])}
    return message_fields("coredns", content, found[3], attributes, found[1])


def _add_query(attributes: Attributes, found: Found) -> None:
    add_peer(attributes, "client", found[4])
    attributes["dns.question.name"] = _name(found[8])
    texts = {
        "type": found[6],
        "class": found[7],
        "network.transport": found[9],
        "rcode": found[13],
        "rflags": found[14],
    }
    add_texts(attributes, texts, text)
    add_numbers(attributes, {"id": found[5], "size": found[10], "bufsize": found[12], "rsize": found[15]})
    if found[11] != b"-":
        attributes["do"] = found[11] == b"true"
    attributes["duration"] = float(found[16])
    add_numbers(attributes, {"opcode": found[17]})


def _name(raw: bytes) -> str:
    r"""A domain name; ``\DDD`` stays, because it stands for a byte that need not be text (RFC 1035, 5.1)."""
    return text(_ESCAPE.sub(rb"\1", raw))


PARSER: Final = Parser(read, severity, fields, SIGNATURE)
