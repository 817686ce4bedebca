"""LogRecords as entries of Cloud Logging, in JSON (https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry).

The insertId is the record id in hexadecimal, incarnation before offset: Google orders entries of one timestamp by it,
and so they stand as they were written.

An entry is 256 KB at most, by a count of Google's own. A record that is longer becomes text: its original line in
several entries, which are numbered in ``split`` (LogSplit) and marked by the label ``logferry/shape``. So does one that
Google refuses for its structure.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from schemas.document import escaped, iso_time
from sinks.core.cutting import json_pieces
from sinks.google_cloud.payload import json_payload
from sinks.google_cloud.resource import LABELS_AT_MOST, Resources
from sinks.google_cloud.severity import log_severity
from sinks.google_cloud.special import take_special, trace_name

if TYPE_CHECKING:
    from schemas.settings.sinks.google_cloud import GoogleCloudSink

ENTRY_BYTES_AT_MOST: Final = 250_000
"""Of an entry in JSON. Google counts otherwise, and roughly; this leaves a little room."""
_ID_LENGTH, _ID_BYTES = 19, 14
_ID_ENDS: Final = frozenset("AEIMQUYcgkosw048")
"""The last character of a record id (`schemas.identity.record_id`) carries four bits of six."""
SHAPE_LABEL: Final = "logferry/shape"


class Entry(NamedTuple):
    """What becomes of one record."""

    parts: tuple[bytes, ...]
    """LogEntry objects in JSON: one; several, where one would be too long."""
    record: Mapping[str, Any]
    """Where it comes from, should it be needed in another shape."""
    is_text: bool
    """Whether this is that shape."""

    @property
    def size(self) -> int:
        """Bytes in a request."""
        return sum(map(len, self.parts)) + len(self.parts)


class EntryBuilder:
    """Makes entries of LogRecords (attributes as an object)."""

    def __init__(self, settings: GoogleCloudSink, at_most: int = ENTRY_BYTES_AT_MOST) -> None:
        self._settings = settings
        self._resources = Resources(settings)
        self._at_most = at_most
        self._source: tuple[object, str | None, dict[str, Any]] = (None, None, {})
        """Resource and stream of the latest record, and what its entries share."""

    def entry(self, record: Mapping[str, Any]) -> Entry:
        """The entry of a record. Never raises on input."""
        if self._settings.format == "text":
            return self.text_entry(record)
        attributes = dict(record["attributes"])
        found = self._common(record)
        special = take_special(attributes, self._settings.project)
        found["labels"] = _more_labels(found["labels"], special.pop("labels", {}))
        found |= special
        found["jsonPayload"] = json_payload(record, attributes, keep_original=self._settings.keep_original)
        body = _dumps(found)
        return Entry((body,), record, is_text=False) if len(body) <= self._at_most else self.text_entry(record)

    def text_entry(self, record: Mapping[str, Any]) -> Entry:
        """The entry of a record as text, in as many parts as it takes."""
        common = self._common(record)
        if self._settings.format == "json":
            common["labels"] = _more_labels(common["labels"], {SHAPE_LABEL: "text"})
        text = record["body"] if record["original"] is None else record["original"]
        whole = _dumps({**common, "textPayload": text})
        if len(whole) <= self._at_most:
            return Entry((whole,), record, is_text=True)
        split = {"uid": common["insertId"], "index": 10**6, "totalSplits": 10**6}
        room = self._at_most - len(_dumps({**common, "insertId": "0" * 40, "textPayload": "", "split": split}))
        texts = list(json_pieces(text, max(room, self._at_most // 2)))
        parts = tuple(_part(common, part, index, len(texts)) for index, part in enumerate(texts))
        return Entry(parts, record, is_text=True)

    def _common(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """All but the payload."""
        entry = {
            **self._shared(record),
            "timestamp": iso_time(record["timestamp"]),
            "severity": log_severity(record["severity_number"], record["severity_text"]),
            "insertId": insert_id(record["id"]),
        }
        if record["trace_id"]:
            entry["trace"] = trace_name(self._settings.project, record["trace_id"])
        if record["span_id"]:
            entry["spanId"] = record["span_id"]
        return entry

    def _shared(self, record: Mapping[str, Any]) -> dict[str, Any]:
        resource, stream, shared = self._source
        if record["resource"] is not resource or record["stream"] != stream:
            shared = self._resources.shared(record)
            self._source = (record["resource"], record["stream"], shared)
        return shared


def insert_id(record_id: str) -> str:
    """28 hexadecimal digits, which sort as the lines of a file stand in it; an id of other making stays as it is."""
    if len(record_id) != _ID_LENGTH or record_id[-1] not in _ID_ENDS:
        return record_id
    try:
        raw = urlsafe_b64decode(record_id + "=")
    except ValueError:
        return record_id
    return raw.hex() if len(raw) == _ID_BYTES else record_id


def _part(common: Mapping[str, Any], text: str, index: int, count: int) -> bytes:
    whole = common["insertId"]
    split = {"uid": whole, "index": index, "totalSplits": count}
    return _dumps({**common, "insertId": f"{whole}-{index:06d}", "textPayload": text, "split": split})


def _more_labels(labels: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Labels with others that come first, as many as there may be."""
    both = {**more, **{name: value for name, value in labels.items() if name not in more}} if more else labels
    return dict(list(both.items())[:LABELS_AT_MOST])


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # text that UTF-8 cannot hold
        return escaped(value)
