"""Records of any routed topic as dictionaries, for destinations that are neither Elasticsearch nor columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from schemas.codec import Undecodable
from schemas.document_reader import read_document
from sinks.core.columns import records_of
from sinks.core.decode import Rows
from sinks.core.identified import Headers, identified
from sinks.values import Values


class RecordBuilder(Values[dict[str, Any]]):
    """Builds LogRecords as schemas/avro/log_record has them, with ``attributes`` as an object."""

    def of_rows(self, rows: Rows) -> Iterator[dict[str, Any]]:
        """As Values says."""
        for record in records_of(rows):
            yield {**record, **_parsed(record)}

    def of_document(self, headers: Headers | None, value: bytes, key: bytes = b"") -> dict[str, Any] | Undecodable:
        """As Values says."""
        told = identified(headers, value)
        if isinstance(told, Undecodable):
            return told
        record = read_document(key, told[0].decode(), value)
        return record if isinstance(record, Undecodable) else {**record, **_parsed(record)}

    def size(self, piece: dict[str, Any]) -> int:
        """As Values says; about."""
        return 512 + len(piece["body"]) + len(piece["original"] or "")


def _parsed(record: dict[str, Any]) -> dict[str, Any]:
    """Fields in the form in which destinations use them."""
    try:
        attributes = orjson.loads(record["attributes"])
    except orjson.JSONDecodeError:  # a value of somebody else; nothing is lost by keeping it as text
        attributes = record["attributes"]
    if not isinstance(attributes, dict):
        attributes = {"attributes": attributes}
    return {"attributes": attributes, "flags": record["flags"] or []}
