"""Values of topics as JSON lines, for whoever looks at a topic with another program.

The input is that of ``kcat -f '%R%s'``: values one after another, each behind its length in 4 bytes, the highest first.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import BinaryIO, Final

from schemas.codec import Codec, Undecodable

VALUE_MAX_BYTES: Final = 64 * 1024 * 1024
"""No topic takes half as much; whoever has a longer one has not sent lengths."""


def decoded(kind: str, values: BinaryIO) -> Iterator[tuple[str, str]]:
    """For each value its JSON line, or the problem that it has."""
    codec = Codec(kind)
    number = 0
    while head := values.read(4):
        number += 1
        size = int.from_bytes(head, "big")
        if size == 0xFFFFFFFF:
            continue  # a tombstone
        if len(head) < 4 or size > VALUE_MAX_BYTES:
            yield "", f"value {number} has no length before it: let kcat write -f '%R%s'"
            return
        value = values.read(size)
        if len(value) < size:
            yield "", f"value {number} ends after {len(value)} of {size} bytes"
            return
        found = codec.decode(value)
        if isinstance(found, Undecodable):
            yield "", f"value {number} cannot be read: {found.message}"
        else:
            yield json.dumps(found, ensure_ascii=False, default=_text), ""


def _text(content: bytes) -> object:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
