"""Bytes of a client to requests, as the Fluentd Forward Protocol Specification v1 writes them.

A connection carries MessagePack values, one after another: requests, and nil as a heartbeat. A request is an array that
begins with a tag; what follows says in which of four modes the entries (``[time, record]``) come:

======================  ==================================================================================
Message                 ``[tag, time, record, option?]``
Forward                 ``[tag, [[time, record], …], option?]``
PackedForward           ``[tag, bin or str of entries one after another, option?]``
CompressedPackedForward the same, gzipped, with ``compressed: gzip`` in the option
======================  ==================================================================================

Entries are never decoded here: whatever the mode, they are cut out of the request as they came. So what a client may
nest or declare costs no memory beyond the bytes that it really sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import msgpack

from producers.core.forward.values import Refusal, array_header, end_of, is_array, may_be_a_time, text

TAG_MAX_BYTES: Final = 1024
"""Longest tag. Docker's and Kubernetes' own have less than 300."""

OPTION_MAX_BYTES: Final = 4096
"""Longest option. Those of the specification take less than 200; this one is decoded, so it must be small."""


@dataclass(frozen=True, slots=True)
class Request:
    """Entries of one tag."""

    tag: bytes
    entries: bytes
    """One after another; gzipped where ``gzipped``."""
    single: bool
    """It is exactly one entry, and well-formed (Message mode). Otherwise nobody has looked into the entries yet."""
    gzipped: bool = False
    chunk: str | bytes | None = None
    """What the client wants to see in the acknowledgement, as it came; None: it wants none."""


Heartbeat: TypeAlias = Literal["heartbeat"]


# -- one request -------------------------------------------------------------------------------------------------------


def parse_request(value: bytes) -> Request | Heartbeat | Refusal:
    """A request out of a whole MessagePack value."""
    if value == b"\xc0":
        return "heartbeat"
    length, position = array_header(value)
    tag = text(value, position) if length >= 2 else None
    if tag is None:
        return Refusal("malformed", "a request does not begin with a tag")
    if tag.end - tag.start > TAG_MAX_BYTES:
        return Refusal("malformed", f"a tag has more than {TAG_MAX_BYTES} bytes")
    name = value[tag.start : tag.end]
    if tag.end == len(value):
        return Refusal("malformed", "a request has no entries")
    if is_array(value[tag.end]):
        return _forward(name, value, tag.end, length)
    packed = text(value, tag.end)
    if packed is not None:
        return _with_option(name, value[packed.start : packed.end], value, packed.end, left=length - 2)
    return _message(name, value, tag.end, length)


def _forward(tag: bytes, value: bytes, position: int, length: int) -> Request | Refusal:
    end = len(value) if length == 2 else end_of(value, position, 1)
    _, first = array_header(value, position)
    return _with_option(tag, value[first:end], value, end, left=length - 2)


def _message(tag: bytes, value: bytes, position: int, length: int) -> Request | Refusal:
    if length < 3 or not may_be_a_time(value[position]):
        return Refusal("malformed", "a request is in none of the protocol's modes")
    end = len(value) if length == 3 else end_of(value, position, 2)
    return _with_option(tag, b"\x92" + value[position:end], value, end, left=length - 3, single=True)


def _with_option(
    tag: bytes, entries: bytes, value: bytes, position: int, *, left: int, single: bool = False
) -> Request | Refusal:
    """``left``: how many elements of the request follow the entries, at ``position``."""
    if left == 0:
        return Request(tag, entries, single)
    if left > 1 or len(value) - position > OPTION_MAX_BYTES:
        return Refusal("malformed", "a request has more elements, or a longer option, than the protocol knows")
    option = _option(value[position:])
    if isinstance(option, Refusal):
        return option
    chunk, compressed = option.get("chunk"), option.get("compressed")
    if chunk is not None and not isinstance(chunk, str | bytes):
        return Refusal("malformed", "the option chunk is no text")
    if option.get("fluent_signal", 0) not in (0, None):
        return Refusal("not_logs", "it sends metrics or traces: have it send logs only")
    if single or compressed in (None, "text", b"text"):
        return Request(tag, entries, single, chunk=chunk)
    if compressed in ("gzip", b"gzip"):
        return Request(tag, entries, single, gzipped=True, chunk=chunk)
    return Refusal("compression", f"entries are compressed by {str(compressed)[:20]!r}: switch to gzip or none")


def _option(raw: bytes) -> dict[Any, Any] | Refusal:
    """Clients of old write keys as bin; texts may be no UTF-8 and must go back as they came."""
    try:
        option = msgpack.unpackb(raw, unicode_errors="surrogateescape")
    except (msgpack.UnpackException, ValueError, TypeError, OverflowError):
        return Refusal("malformed", "the option of a request cannot be decoded")
    if option is None:
        return {}
    if not isinstance(option, dict):
        return Refusal("malformed", "the option of a request is no map")
    return {key.decode("utf-8", "replace") if isinstance(key, bytes) else key: each for key, each in option.items()}


def acknowledgement(chunk: str | bytes) -> bytes:
    """What tells the client that Kafka has its chunk: ``{"ack": chunk}``."""
    return bytes(msgpack.packb({"ack": chunk}, unicode_errors="surrogateescape"))
