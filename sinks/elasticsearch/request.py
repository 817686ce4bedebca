"""One bulk request and its answer.

While all goes well the answer is asked for in one word (``errors: false`` speaks for every document) and costs half as
much to read and to write. When it says that something was wrong, the same documents are sent again with the whole
answer asked for: those that are there already say so (409), the others say what is wrong with them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import elastic_transport
from elasticsearch import ApiError, Elasticsearch

from sinks.elasticsearch.verdict import later, verdict
from sinks.verdict import Done, Reject, Retry, Verdict

_log = logging.getLogger(__name__)

HEADERS: Final = {
    "content-type": "application/vnd.elasticsearch+x-ndjson; compatible-with=9",
    "accept": "application/vnd.elasticsearch+json; compatible-with=9",
}
BRIEF: Final = "/_bulk?filter_path=errors"
REFUSED_WHOLE: Final = (400, 413)
"""A request that cannot be read, or is too large: sending it again changes nothing."""
_WHOLE: Final = "/_bulk?filter_path=errors,items.*.status,items.*.error"


class BulkRequests:
    """Sends documents and says what became of each."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._brief = True
        """The last answer had nothing to complain about."""

    def send(self, lines: Sequence[bytes]) -> list[Verdict]:
        """The verdict on each line (action and document). Never raises on an answer or on none."""
        try:
            if self._brief and self._post(BRIEF, lines).get("errors") is False:
                return [Done.INDEXED] * len(lines)
            answer = self._post(_WHOLE, lines)
        except ApiError as error:
            if error.status_code in REFUSED_WHOLE:
                return self._divide(lines, error)
            return [later(error.status_code)] * len(lines)
        except elastic_transport.TransportError as error:
            return [Retry(type(error).__name__, detail=str(error.message))] * len(lines)
        self._brief = answer.get("errors") is False
        items = answer.get("items", [])
        if len(items) != len(lines):
            return [Retry(f"{len(items)} answers for {len(lines)} documents")] * len(lines)
        return [verdict(item) for item in items]

    def _divide(self, lines: Sequence[bytes], error: ApiError) -> list[Verdict]:
        """Some line makes Elasticsearch refuse the request as a whole: find it by halves, so that it stands alone."""
        if len(lines) == 1:
            return [Reject(f"status {error.status_code}: {error.message}")]
        middle = len(lines) // 2
        return [*self.send(lines[:middle]), *self.send(lines[middle:])]

    def _post(self, path: str, lines: Sequence[bytes]) -> dict[str, Any]:
        answer = self._client.perform_request("POST", path, headers=HEADERS, body=b"".join(lines))
        body = answer.body
        return body if isinstance(body, dict) else {}
