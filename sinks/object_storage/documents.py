"""Documents of topics of ``format: json`` as the LogRecord values that they were made of.

Which record a document is stands in its headers. What a document does not hold (`schemas.document_reader`) is empty in
the archive too.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import cast

from confluent_kafka import Message

from schemas.codec import Codec, Undecodable
from schemas.document_reader import read_document
from sinks.core.identified import Headers, identified


class DocumentRecords:
    """Makes LogRecord values of documents."""

    def __init__(self) -> None:
        self._codec = Codec("log_record")

    def replace(
        self, records: Sequence[Message], keys: Sequence[bytes], values: MutableSequence[bytes]
    ) -> list[tuple[int, Undecodable]]:
        """Put LogRecord values in the place of documents; returns those that are none. Never raises on input.

        No Avro value begins with a brace, so each value says what it is.
        """
        refused = []
        for position, value in enumerate(values):
            if value[:1] == b"{":
                made = self._record(records[position], keys[position], value)
                if isinstance(made, Undecodable):
                    refused.append((position, made))
                    values[position] = b""
                else:
                    values[position] = made
        return refused

    def _record(self, record: Message, key: bytes, value: bytes) -> bytes | Undecodable:
        told = identified(cast("Headers | None", record.headers()), value)
        if isinstance(told, Undecodable):
            return told
        found = read_document(key, told[0].decode(), value)
        if isinstance(found, Undecodable):
            return found
        try:
            return self._codec.encode(found)
        except (ValueError, TypeError, OverflowError) as error:  # members of other types than ours
            return Undecodable("malformed_value", f"document: {type(error).__name__}: {error}")
