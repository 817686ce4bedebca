"""Where syslog messages begin and end in the bytes of a connection (RFC 6587), and how chunks hold them.

A connection delimits its messages in one of two ways, and this tells them apart message by message (section 3.4):

- octet counting, ``MSG-LEN SP MSG``: digits without leading zero, a space, and ``<`` of the message's priority. Once a
  connection has counted, its next message may begin with anything behind the space.
- non-transparent framing, ``MSG TRAILER``: everything else, up to LF or NUL, which both are in use (section 3.4.2).

Of counted messages every byte is kept, a line end that the count includes as well. Of the others only the trailer is
taken away. Messages without any byte, such as a line end behind a counted message, are passed over.
"""

from __future__ import annotations

import re
from typing import Final

_COUNT: Final = re.compile(rb"([1-9][0-9]{0,8})(?:( )(<?)|\Z)")
"""What may be the beginning of a counted message. Nobody sends a message of a gigabyte."""

_COUNT_MAX_BYTES: Final = 11
"""Bytes that always suffice to tell whether a message is counted: nine digits, a space and ``<``."""

_PRIORITY: Final = ord("<")


def counted(message: bytes) -> bytes:
    """A message as a chunk holds it: with its octet count (schemas/framing.py)."""
    return b"%d %b" % (len(message), message)


def piece_length(text: bytes | bytearray, start: int, limit: int) -> int:
    """Length of the first piece of something longer than ``limit``: not within a character of UTF-8, if it is one."""
    for length in range(limit, limit - 4, -1):
        if text[start + length] & 0xC0 != 0x80:
            return length
    return limit


def pieces(message: bytes, limit: int) -> list[bytes]:
    """A message in pieces of at most ``limit`` (4 or more) bytes; in one, if it is not longer."""
    found, at = [], 0
    while len(message) - at > limit:
        length = piece_length(message, at, limit)
        found.append(message[at : at + length])
        at += length
    found.append(message[at:])
    return found


class Frames:
    """The messages of one connection. What it returns depends on the bytes alone, not on how they were cut up."""

    def __init__(self, message_max_bytes: int) -> None:
        self._limit = message_max_bytes
        self._rest = bytearray()
        """Bytes of which no message is made yet; behind `feed` at most one message of the longest kind."""
        self._searched = 0
        """Leading bytes of the rest that are known to hold no trailer."""
        self._left = 0
        """Bytes of a counted message that are still to come."""
        self._counts = False
        """The message before was counted."""
        self._inside = False
        """A piece of the message was returned already."""
        self.split_messages = 0
        """Messages that were longer than the limit, returned in pieces."""

    def feed(self, block: bytes | memoryview) -> list[bytes]:
        """The messages that these bytes complete."""
        messages: list[bytes] = []
        for start in range(0, len(block), self._limit):
            self._rest += block[start : start + self._limit]
            self._take(messages)
        return messages

    def finish(self) -> list[bytes]:
        """What is left when nothing will follow: the beginning of a message, as it is."""
        rest = bytes(self._rest)
        self._rest.clear()
        return [rest] if rest else []

    def _take(self, messages: list[bytes]) -> None:
        """Move whole messages, and pieces of long ones, out of the rest."""
        rest, at = self._rest, 0
        while at < len(rest):
            if not self._left and not self._inside:
                header = self._header(at)
                if header is None:
                    break
                at += header
            length, trailer = self._counted_length(at) if self._left else self._text_length(at)
            if length is None:
                break
            if length:
                messages.append(bytes(rest[at : at + length]))
            at += length + trailer
            self._searched = 0
        del rest[:at]

    def _header(self, at: int) -> int | None:
        """Length of the octet count in front of the message that begins here; None: it is not all there yet."""
        rest = self._rest
        if rest[at] == _PRIORITY:
            return 0
        head = rest[at : at + _COUNT_MAX_BYTES]
        found = _COUNT.match(head)
        if found is None:
            return 0
        count, space, priority = found.groups()
        if priority or (space and self._counts):
            self._left, self._counts = int(count), True
            return len(count) + 1
        return None if found.end() == len(head) else 0

    def _counted_length(self, at: int) -> tuple[int | None, int]:
        """Length of what can be returned of a counted message, None: wait; and of its trailer: none."""
        there = len(self._rest) - at
        if self._left > self._limit:
            length = self._piece(at) if there > self._limit else None
        else:
            length = self._left if there >= self._left else None
            self._inside = self._inside and length is None
        self._left -= length or 0
        return length, 0

    def _text_length(self, at: int) -> tuple[int | None, int]:
        """Length of what can be returned of a message up to its trailer, None: wait; and of the trailer."""
        end, found = self._trailer(at + self._searched)
        if end - at > self._limit:
            return self._piece(at), 0
        if not found:
            self._searched = end - at
            return None, 0
        if end > at:
            self._counts = self._inside = False
        return end - at, 1

    def _trailer(self, start: int) -> tuple[int, bool]:
        """Where the next trailer is; the end of what is there when there is none."""
        rest = self._rest
        line_end = rest.find(b"\n", start)
        end = line_end if line_end >= 0 else len(rest)
        nul = rest.find(b"\0", start, end)
        return (nul, True) if nul >= 0 else (end, line_end >= 0)

    def _piece(self, at: int) -> int:
        """Length of the next piece of a long message."""
        self.split_messages += not self._inside
        self._inside = True
        return piece_length(self._rest, at, self._limit)
