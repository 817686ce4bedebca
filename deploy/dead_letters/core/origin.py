"""Which bytes of which file a letter is about: told by streams, or read from the record that a sink refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from deploy.dead_letters.core.letter import Letter
from schemas.codec import Codec, Undecodable
from schemas.document import DAY_HEADER, ID_HEADER, DocumentWriter, shared_part
from schemas.identity import INCOMPLETE, parse_record_id, record_id

NANOS: Final = 1_000_000_000


@dataclass(frozen=True)
class Origin:
    """Where in the world a letter's bytes came from, as far as anybody knows."""

    source_id: str | None = None
    incarnation: bytes | None = None
    """8 bytes."""
    position: int | None = None
    """Of the record in its incarnation."""
    incomplete: bool = False
    """The rest of the record had not come; its id says so."""
    observed: int | None = None
    """When a producer read it, in nanoseconds since 1970."""
    namespace: str | None = None
    day: str | None = None
    """YYYY-MM-DD, of a document."""
    document: dict[str, Any] = field(default_factory=dict)
    """As Elasticsearch gets it; empty: the letter holds no record."""

    @property
    def id(self) -> str | None:
        """The record's id."""
        if self.incarnation is None or self.position is None:
            return None
        return record_id(self.incarnation, self.position | INCOMPLETE if self.incomplete else self.position)


class Origins:
    """Finds origins of letters."""

    def __init__(self) -> None:
        self._codec = Codec("log_record")
        self._chunks = Codec("raw_chunk")
        self._documents = DocumentWriter()

    def of(self, letter: Letter) -> Origin:
        """The origin of a letter, with as much as it tells. Never raises on input."""
        fields = letter.fields
        if letter.is_of_stream:
            life = _life(fields["incarnation"])
            return Origin(fields["source_id"], life, fields["offset"] if life else None)
        record = self._codec.decode(letter.original)
        if isinstance(record, dict):
            return self._of_record(record)
        if letter.original[:1] == b"{":
            return _of_document(letter)
        chunk = self._chunks.decode(letter.original)
        if isinstance(chunk, Undecodable):
            return Origin(letter.key.decode(errors="replace") or None)
        return Origin(
            chunk["source"]["id"], chunk["incarnation"], chunk["offset"], observed=chunk["observed_timestamp"]
        )

    def _of_record(self, record: dict[str, Any]) -> Origin:
        resource, named = record["resource"], parse_record_id(record["id"])
        kubernetes = resource["kubernetes"]
        return Origin(
            resource["source_id"],
            named[0] if named else _life(resource["incarnation"]),
            record["offset"],
            incomplete=bool(named and named[1] & INCOMPLETE),
            observed=record["observed_timestamp"],
            namespace=kubernetes["namespace"] if kubernetes else None,
            document=_document(self._documents.document(record, shared_part(resource))),
        )


def _of_document(letter: Letter) -> Origin:
    """Of a document: by its headers, or by what it says about itself where the letter has none."""
    headers, document = letter.fields["headers"], _document(letter.original)
    told, kubernetes = _object(document, "logferry"), _object(document, "kubernetes")
    named = parse_record_id(headers.get(ID_HEADER, b"").decode(errors="replace"))
    if named is None:
        named = _by_its_words(told)
    namespace = kubernetes.get("namespace_name")
    return Origin(
        letter.key.decode(errors="replace") or None,
        named[0] if named else None,
        named[1] & ~INCOMPLETE if named else None,
        incomplete=bool(named and named[1] & INCOMPLETE),
        observed=_nanos(told.get("observed_timestamp")),
        namespace=namespace if isinstance(namespace, str) else None,
        day=_day(headers.get(DAY_HEADER, b"").decode(errors="replace")) or _day(str(document.get("@timestamp"))[:10]),
        document=document,
    )


def _by_its_words(told: dict[str, Any]) -> tuple[bytes, int] | None:
    life, offset, flags = _life(told.get("incarnation")), told.get("offset"), told.get("flags")
    if life is None or not isinstance(offset, int) or not 0 <= offset < INCOMPLETE:
        return None
    return life, offset | INCOMPLETE if isinstance(flags, list) and "incomplete" in flags else offset


def _document(content: bytes) -> dict[str, Any]:
    """A document as it was written; empty where it is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _object(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _life(text: object) -> bytes | None:
    try:
        found = bytes.fromhex(str(text))
    except ValueError:
        return None
    return found if len(found) == 8 else None


def _day(text: str) -> str | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y-%m-%d")
    except ValueError:
        return None


def _nanos(text: object) -> int | None:
    """Nanoseconds since 1970 of RFC 3339 with nine decimals, to the second."""
    try:
        return int(datetime.strptime(str(text)[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp()) * NANOS
    except ValueError:
        return None
