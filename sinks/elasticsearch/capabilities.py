"""What a cluster can do: asked, not assumed.

The core distribution, which is what anybody may start by itself, has no lifecycle management; a serverless project has
none either. Data streams need no question: a cluster without them refuses their template.
"""

from __future__ import annotations

import logging

from elasticsearch import Elasticsearch, UnsupportedProductError

from sinks.elasticsearch.answers import NOT_THERE, REFUSED, Refused, explained, has_status

_log = logging.getLogger(__name__)
_FORBIDDEN = (403,)


def version_of(client: Elasticsearch) -> str:
    """``9.2.4``; empty when the cluster does not say. Raises TemporaryError; SettingsError: it is no Elasticsearch."""
    try:
        nodes = client.nodes.info(node_id="_local", filter_path="nodes.*.version").get("nodes", {})
        return ", ".join(sorted({str(each["version"]) for each in nodes.values()}))
    except REFUSED as error:
        if has_status(error, (*NOT_THERE, *_FORBIDDEN)):
            return ""
        raise explained(_introduced(error, client), "the cluster cannot be used", client) from error


def _introduced(error: Refused, client: Elasticsearch) -> Refused:
    """Of a server that is no Elasticsearch: what it says of itself at its root."""
    if isinstance(error, UnsupportedProductError):
        try:
            client.info()
        except REFUSED as told:
            return told
    return error


def has_lifecycles(client: Elasticsearch) -> bool:
    """Whether the cluster has index lifecycle management. Raises TemporaryError."""
    try:
        mode = client.ilm.get_status()["operation_mode"]
    except REFUSED as error:
        if has_status(error, NOT_THERE):
            return False
        raise explained(error, "the cluster cannot be asked for lifecycle management", client) from error
    if mode != "RUNNING":
        _log.warning("index lifecycle management of the cluster is %s: it deletes nothing until POST /_ilm/start", mode)
    return True
