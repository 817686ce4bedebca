"""Records of any routed topic as text, for sinks that write one record behind the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from schemas.codec import Undecodable
from schemas.document import day_of
from schemas.document_reader import read_document
from schemas.settings.sinks.ordered import TextFormat
from schemas.severity import severity_text
from sinks.consumer import offset_of, partition_of
from sinks.core import text
from sinks.core.columns import records_of
from sinks.core.decode import Rows
from sinks.core.document_columns import DocumentColumns
from sinks.core.identified import Headers, identified
from sinks.destination import Built, Piece
from sinks.values import Values


class Line(NamedTuple):
    """A record as text."""

    data: bytes
    """With its line end."""
    fields: tuple[str, ...] = ()
    """What PATH_FIELDS but ``topic`` say of it, where they are asked for."""


PATH_FIELDS: Final = ("day", "namespace", "pod", "container", "node", "severity", "tag")
_TEXTS: Final[Mapping[str, Callable[[Mapping[str, Any]], bytes]]] = {"line": text.line, "original": text.original}


class LineBuilder(Values[Line]):
    """Builds lines of LogRecords and of documents."""

    def __init__(self, form: TextFormat, holds_documents: Callable[[str], bool], *, with_fields: bool = False) -> None:
        super().__init__(holds_documents)
        self._text = _TEXTS.get(form)
        self._with_fields = with_fields
        self._columns = DocumentColumns()

    def of_rows(self, rows: Rows) -> Iterator[Line]:
        """As Values says."""
        texts = self._documents(rows) if self._text is None else map(self._text, records_of(rows))
        if not self._with_fields:
            yield from map(Line, texts)
            return
        moments, severities = (rows.events.column(name).to_pylist() for name in ("timestamp", "severity_number"))
        for data, resource, moment, severity in zip(texts, rows.resources, moments, severities, strict=True):
            yield Line(data, path_fields(resource, moment, severity))

    def _documents(self, rows: Rows) -> Iterator[bytes]:
        ids = rows.events.column("id").to_pylist()
        for id_, document in zip(ids, self._columns.documents(rows), strict=True):
            yield text.with_id(id_, document) + b"\n"

    def of_document(self, headers: Headers | None, value: bytes, key: bytes = b"") -> Line | Undecodable:
        """As Values says; what is passed on as it is, is not read."""
        told = identified(headers, value)
        if isinstance(told, Undecodable):
            return told
        id_ = told[0].decode()
        as_it_is = text.with_id(id_, value) + b"\n"
        if self._text is None and not self._with_fields:
            return Line(as_it_is)
        record = read_document(key, id_, value)
        if isinstance(record, Undecodable):
            return record
        data = as_it_is if self._text is None else self._text(record)
        if not self._with_fields:
            return Line(data)
        return Line(data, path_fields(record["resource"], record["timestamp"], record["severity_number"]))

    def size(self, piece: Line) -> int:
        """As Values says."""
        return len(piece.data)


def path_fields(resource: Mapping[str, Any], timestamp: int, severity: int) -> tuple[str, ...]:
    """Values of PATH_FIELDS; empty where there is none."""
    pod = resource["kubernetes"] or {}
    return (
        day_of(timestamp).decode(),
        pod.get("namespace", ""),
        pod.get("pod", ""),
        pod.get("container", ""),
        resource["node"],
        severity_text(severity).lower(),
        resource["tag"],
    )


def in_order(built: Built[Piece]) -> Built[Piece]:
    """What was built, in the order of each partition: of a topic that holds both kinds, documents came last."""
    places = [(*partition_of(each), offset_of(each)) for each in built.records]
    order = sorted(range(len(places)), key=places.__getitem__)
    if order == list(range(len(places))):
        return built
    return Built(
        _picked(built.records, order), _picked(built.pieces, order), _picked(built.sizes, order), built.rejected
    )


def _picked(values: Sequence[Any], order: Sequence[int]) -> list[Any]:
    return [values[each] for each in order]
