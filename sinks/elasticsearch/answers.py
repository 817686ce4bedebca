"""What a refusal of the cluster means for whoever prepares or tidies it, in a person's words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, TypeAlias

import elastic_transport
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from schemas.errors import LogferryError, SettingsError, TemporaryError

Refused: TypeAlias = ApiError | elastic_transport.TransportError
REFUSED: Final = (ApiError, elastic_transport.TransportError)
"""What the client raises for an answer that is none of success, or for none at all."""

NOT_THERE: Final = (400, 404, 405, 410)
"""Statuses by which Elasticsearch says that it has no such function: the core distribution (400, 404 or 405), a
serverless project (410)."""

_DELAY_SECS: Final = 1.0


def explained(error: Refused, doing: str, client: Elasticsearch) -> LogferryError:
    """The error as one of ours; ``doing`` begins its sentence: ``the index template cannot be installed``."""
    hosts = ", ".join(node.base_url for node in client.transport.node_pool.all())
    if isinstance(error, UnsupportedProductError):
        return SettingsError(f"{doing}: {_product(error.body)}", where=hosts, remedy="name a cluster of Elasticsearch")
    if isinstance(error, ApiError):
        if error.status_code == 400:
            return SettingsError(f"{doing}: {reason(error.body)}", where=hosts)
        return TemporaryError(
            f"{doing}: status {error.status_code}, {reason(error.body)}",
            delay=_DELAY_SECS,
            where=hosts,
            remedy=_REMEDIES.get(error.status_code, ""),
        )
    return TemporaryError(
        f"{doing}: {type(error).__name__}, {_short(error.message)}",
        delay=_DELAY_SECS,
        where=hosts,
        remedy="check ca_file and the name in the address" if isinstance(error, elastic_transport.TlsError) else "",
    )


_REMEDIES: Final = {
    401: "check the sink's api_key or password",
    403: "give the sink's user or key the privileges of docs/elasticsearch.md",
}


def has_status(error: Refused, statuses: Collection[int]) -> bool:
    """Whether the cluster answered with one of these."""
    return (
        isinstance(error, ApiError) and not isinstance(error, UnsupportedProductError) and error.status_code in statuses
    )


def reason(body: object) -> str:
    """What Elasticsearch says in the body of a refusal, in one line."""
    error = body.get("error") if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return _short(str(error))
    outer, cause = str(error.get("reason")), error
    while isinstance(inner := cause.get("caused_by"), Mapping):
        cause = inner
    deepest = str(cause.get("reason"))
    return _short(outer if deepest in outer else f"{outer}: {deepest}")


def _short(text: str) -> str:
    return " ".join(text.split())[:500]


def _product(body: Any) -> str:
    version = body.get("version") if isinstance(body, Mapping) else None
    told = version if isinstance(version, Mapping) else {}
    if told.get("distribution"):
        return f"this is {told['distribution']} {told.get('number', '')}, not Elasticsearch".replace(" ,", ",")
    return "the server is not Elasticsearch"
