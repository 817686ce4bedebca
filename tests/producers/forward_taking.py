"""Takes bytes apart as a connection of the forward input does, for tests."""

from __future__ import annotations

from producers.core.forward.messages import Request, parse_request
from producers.core.forward.values import READ_MAX_BYTES, Refusal, ValueStream

LIMIT = 1 << 20


def values(data: bytes, step: int = READ_MAX_BYTES, limit: int = LIMIT) -> list[bytes | Refusal]:
    """What a stream returns when ``data`` comes in parts of ``step`` bytes; nothing after a refusal."""
    stream = ValueStream(limit)
    found: list[bytes | Refusal] = []
    for begin in range(0, len(data), step):
        stream.feed(data[begin : begin + step])
        while (value := stream.next_value()) is not None:
            found.append(value)
            if isinstance(value, Refusal):
                return found
    return found


def taken(data: bytes, step: int) -> tuple[bytes, list[bytes | Refusal]]:
    """Entries of messages without acknowledgement, taken in runs; and all other values, up to a refusal."""
    stream = ValueStream(LIMIT)
    found = bytearray()
    others: list[bytes | Refusal] = []
    for begin in range(0, len(data), step):
        stream.feed(data[begin : begin + step])
        while (value := stream.next_value()) is not None:
            request = parse_request(value) if isinstance(value, bytes) else value
            if isinstance(request, Request) and request.single and request.chunk is None:
                found += request.entries + b"".join(stream.more_like(value))  # type: ignore[arg-type]
            else:
                others.append(value)
            if isinstance(request, Refusal):
                return bytes(found), others
    return bytes(found), others
