"""Requests of the forward protocol, and a client of it that waits for acknowledgements as Fluent Bit does."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import struct
from contextlib import suppress
from hashlib import sha512
from typing import Any, Self

import msgpack

Entry = list[Any]


def event_time(seconds: int, nanos: int = 0) -> msgpack.ExtType:
    return msgpack.ExtType(0, struct.pack(">II", seconds, nanos))


def entries(count: int, size: int = 100, first: int = 0) -> list[Entry]:
    """Entries that differ, of about ``size`` bytes each."""
    return [[event_time(1_800_000_000, n), {"log": f"{n} ".ljust(size, "x")}] for n in range(first, first + count)]


def packed(events: list[Entry]) -> bytes:
    """Entries as they stand in a payload."""
    return b"".join(msgpack.packb(event) for event in events)


def message(tag: Any, event: Entry, option: Any = ...) -> bytes:
    return bytes(msgpack.packb([tag, *event] if option is ... else [tag, *event, option]))


def forward(tag: Any, events: list[Entry], option: Any = ...) -> bytes:
    return bytes(msgpack.packb([tag, events] if option is ... else [tag, events, option]))


def packed_forward(tag: Any, events: list[Entry], option: Any = ...) -> bytes:
    """As Fluent Bit and Fluentd send it; entries as bin."""
    return bytes(msgpack.packb([tag, packed(events)] if option is ... else [tag, packed(events), option]))


def compressed(tag: Any, events: list[Entry], **option: Any) -> bytes:
    """A gzip member for each entry, as Fluentd's buffers have it."""
    data = b"".join(gzip.compress(msgpack.packb(event), mtime=0) for event in events)
    return bytes(msgpack.packb([tag, data, {"size": len(events), "compressed": "gzip", **option}]))


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._unpacker = msgpack.Unpacker()

    @classmethod
    async def connect(cls, address: str, tls: ssl.SSLContext | None = None) -> Client:
        """To an address as the server names it."""
        scheme, _, place = address.partition("://")
        if scheme == "unix":
            return cls(*await asyncio.open_unix_connection(place))
        host, _, port = place.rpartition(":")
        return cls(*await asyncio.open_connection(host.strip("[]"), int(port), ssl=tls))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self, deadline_secs: float = 30) -> Any:
        """The next value that the server sends; None: it has closed."""
        async with asyncio.timeout(deadline_secs):
            while True:
                try:
                    return self._unpacker.unpack()
                except msgpack.OutOfData:
                    data = await self.reader.read(65536)
                    if not data:
                        return None
                    self._unpacker.feed(data)

    async def shake_hands(self, key: str, *, user: str = "", password: str = "", hostname: str = "client") -> list[Any]:
        """Answer the server's HELO as Fluent Bit does, with a salt that is a str and no UTF-8; returns its PONG."""
        word, options = await self.receive()
        assert word == "HELO"
        salt = b"\xff" * 16
        digest = sha512(salt + hostname.encode() + options["nonce"] + key.encode()).hexdigest()
        auth = options["auth"]
        of_user = sha512(auth + user.encode() + password.encode()).hexdigest() if auth else ""
        pack = msgpack.Packer()
        texts = [pack.pack(text) for text in (hostname, digest, user, of_user)]
        await self.send(b"\x96\xa4PING" + texts[0] + b"\xb0" + salt + b"".join(texts[1:]))
        pong = await self.receive()
        if pong[1]:
            expected = sha512(salt + pong[3].encode() + options["nonce"] + key.encode()).hexdigest()
            assert pong[4] == expected
        return list(pong)

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):  # the server was first
            await self.writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
