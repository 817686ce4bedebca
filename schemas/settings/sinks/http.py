"""Sink ``http``: batches of documents posted to any server."""

from typing import Literal

from schemas.settings.sinks.posting import PostingSink


class HttpSink(PostingSink):
    """Posts documents in batches; an answer of 2xx says that all of a batch have been taken."""

    type: Literal["http"]
    """The kind of sink."""

    format: Literal["ndjson", "json"] = "ndjson"
    """ndjson: one document a line (application/x-ndjson); json: one array of documents (application/json). Lines by
    default, because a receiver can begin before the end. Each document has its id."""

    idempotency_header: str = "Idempotency-Key"
    """Header with a hash over the ids of a batch: the same batch, sent again, has the same. Empty: none."""
