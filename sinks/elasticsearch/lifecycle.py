"""Retention by the cluster itself: an ILM policy, which the index template attaches to new indices.

::

    {"policy": {"phases": {"hot": {"actions": {}}, "delete": {"min_age": "15d", "actions": {"delete": {}}}}}}

Format: Elasticsearch reference, "Create or update lifecycle policy". The age of an index counts from when it was made,
so the day (week, month) that it takes records for comes on top; that of a data stream's index from its rollover.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from elasticsearch import Elasticsearch

from schemas.errors import SettingsError
from schemas.index_period import period_days
from schemas.settings.days import days
from sinks.elasticsearch.answers import NOT_THERE, REFUSED, explained, has_status
from sinks.elasticsearch.capabilities import has_lifecycles
from sinks.elasticsearch.ours import Standing, marked, standing

if TYPE_CHECKING:
    from schemas.settings import ElasticsearchSink

_log = logging.getLogger(__name__)

VERSION: Final = 1
_ROLLOVER: Final = {"rollover": {"max_age": "1d", "max_primary_shard_size": "50gb"}}
"""Of a data stream: a day an index, as everywhere else, and earlier where a shard would grow unwieldy."""


def policy(settings: ElasticsearchSink) -> dict[str, Any]:
    """The lifecycle of a sink's indices; without retention they are never deleted."""
    phases: dict[str, Any] = {"hot": {"min_age": "0ms", "actions": _ROLLOVER if settings.data_stream else {}}}
    if settings.retention:
        period = 0 if settings.data_stream else period_days(settings.index) or 0
        age = f"{days(settings.retention) + period}d"
        phases["delete"] = {"min_age": age, "actions": {"delete": {}}}
    return marked({"phases": phases}, VERSION)


def put_policy(client: Elasticsearch, name: str, settings: ElasticsearchSink) -> str | None:
    """Put the policy in place. Returns its name for the template; None: nothing is deleted, or not by the cluster.

    A policy of ours that is left from a former retention loses its delete phase, for the indices that it holds too.
    Raises TemporaryError, and SettingsError when somebody else's policy has the name.
    """
    if settings.retention is None:
        _withdraw(client, name, settings)
        return None
    if not has_lifecycles(client):
        return None
    try:
        _put(client, name, settings, _existing(client, name))
    except REFUSED as error:
        raise explained(error, f"lifecycle policy {name} cannot be put in place", client) from error
    return name


def _put(client: Elasticsearch, name: str, settings: ElasticsearchSink, found: dict[str, Any] | None) -> None:
    wanted = policy(settings)
    match standing(found, wanted):
        case Standing.SAME:
            return
        case Standing.NEWER:
            _log.warning("lifecycle policy %s is of a newer logferry and stays as it is", name)
        case Standing.FOREIGN:
            raise SettingsError(
                f"there is a lifecycle policy {name} in the cluster, and it is not logferry's",
                remedy="give this sink a template_name of its own, or delete that policy",
            )
        case Standing.MISSING | Standing.OTHER:
            client.ilm.put_lifecycle(name=name, policy=wanted)
            kept = f"documents are deleted after {settings.retention}" if settings.retention else "nothing is deleted"
            _log.info("lifecycle policy %s put in place: %s", name, kept)


def _withdraw(client: Elasticsearch, name: str, settings: ElasticsearchSink) -> None:
    try:
        found = _existing(client, name)
        if standing(found, policy(settings)) is Standing.OTHER:
            _put(client, name, settings, found)
    except REFUSED as error:
        if not has_status(error, (*NOT_THERE, 401, 403)):
            raise explained(error, f"lifecycle policy {name} cannot be looked at", client) from error


def _existing(client: Elasticsearch, name: str) -> dict[str, Any] | None:
    try:
        answer = client.ilm.get_lifecycle(name=name)
    except REFUSED as error:
        if has_status(error, (404,)):
            return None
        raise
    found = answer.body.get(name, {}).get("policy")
    return found if isinstance(found, dict) else None
