"""What a reader that begins in the middle must pass over: told to it by the commit that it begins at.

A record may begin in one chunk of its source and end in a later one, and chunks of other sources lie between. The first
chunk can be committed as soon as the record is delivered, the later one only when all else in it is. A worker that
begins there does not see the record's first lines; it would take the rest for records of their own. So a commit says
for each such record up to where its lines go, in the metadata that Kafka keeps beside a group's offset (at most 4,096
bytes: broker setting ``offset.metadata.max.bytes``).

Sample: ``1;9f86d081884c7d65,stdout,2c26b46b68ffc68f,1048576,7001`` - version, then source, stream, incarnation,
position, and Kafka offset of the chunk in which the record ended; nothing where it was given up before its rest came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.core.work import Span

METADATA_MAX_BYTES: Final = 4000
VERSION: Final = "1"
BEFORE_ALL: Final = -1
GIVEN_UP_MAX: Final = 30
"""So many records that were given up are told of, the latest ones: a source that never speaks again must not fill the
metadata, without which nothing could be committed any more."""
END: Final = "\0"
"""librdkafka copies this text without ending it and reads it up to the next zero byte in memory, so it has its own."""


class Skip(NamedTuple):
    """Lines of a source's stream that begin before a position were made into records already."""

    source: str
    stream: bytes
    incarnation: bytes
    end: int
    last: int | None
    """Kafka offset of the chunk in which they end; None: no such line is still to come."""


class Spans:
    """The records of one partition that began in one chunk and ended in another, as long as a commit may need them."""

    def __init__(self, skips: Iterable[Skip] = ()) -> None:
        """``skips``: what the commit says that reading begins at; the next reader may need it as well."""
        self._spans: list[tuple[str, Span]] = []
        self._open: dict[str, list[int]] = {}
        """Source -> indices of spans that end in its next chunk."""
        self.known_to = 0
        """Position up to which all chunks are finished, so that nothing that begins before it is not known yet."""
        for skip in skips:
            told = Span(BEFORE_ALL, skip.last, skip.stream, skip.incarnation, skip.end, given_up=skip.last is None)
            self.add(skip.source, [told])

    def add(self, source: str, spans: Iterable[Span]) -> None:
        """Records that are finished."""
        for span in spans:
            if span.last is None:
                self._open.setdefault(source, []).append(len(self._spans))
            self._spans.append((source, span))

    def taken(self, source: str, offset: int) -> None:
        """The next chunk of a source is taken."""
        for index in self._open.pop(source, ()):
            self._spans[index] = (source, self._spans[index][1]._replace(last=offset))

    def at(self, position: int) -> list[Skip]:
        """What a reader that begins at a position must pass over. May be called from another thread."""
        found: dict[tuple[str, bytes], Skip] = {}
        for source, span in list(self._spans):
            if span.first < position and (span.last is None or span.last >= position):
                last = None if span.given_up else span.last
                found[source, span.stream] = Skip(source, span.stream, span.incarnation, span.end, last)
        given_up = [key for key, skip in found.items() if skip.last is None]
        for key in given_up[:-GIVEN_UP_MAX]:
            del found[key]
        return list(found.values())

    def forget(self, position: int) -> None:
        """Nobody will begin before a position any more."""
        kept = [each for each in self._spans if each[1].last is None or each[1].last >= position]
        if len(kept) < len(self._spans):
            self._open = {}
            for index, (source, span) in enumerate(kept):
                if span.last is None:
                    self._open.setdefault(source, []).append(index)
            self._spans = kept

    def __len__(self) -> int:
        """Records remembered."""
        return len(self._spans)


def metadata(skips: Iterable[Skip]) -> str | None:
    """The text beside a committed offset; None: it would be too long, and this position cannot be committed."""
    texts = [_text(each) for each in skips]
    text = ";".join((VERSION, *texts)) + END if texts else ""
    return text if len(text.encode()) <= METADATA_MAX_BYTES else None


def _text(skip: Skip) -> str:
    last = "" if skip.last is None else str(skip.last)
    return f"{skip.source},{skip.stream.decode()},{skip.incarnation.hex()},{skip.end},{last}"


def skips_of(text: str) -> list[Skip]:
    """What `metadata` wrote. Anything else says nothing: it is somebody else's."""
    version, *texts = text.partition(END)[0].split(";")
    if version != VERSION:
        return []
    return [skip for each in texts if (skip := _skip(each)) is not None]


def _skip(text: str) -> Skip | None:
    parts = text.rsplit(",", 4)
    try:
        source, stream, incarnation, end, last = parts
        return Skip(source, stream.encode(), bytes.fromhex(incarnation), int(end), int(last) if last else None)
    except ValueError:
        return None
