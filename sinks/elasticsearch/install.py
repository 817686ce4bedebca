"""Puts the index template in place, and promoted attributes into the index that takes records today."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from elasticsearch import Elasticsearch

from schemas.errors import SettingsError
from schemas.identity import index_name
from sinks.elasticsearch.answers import REFUSED, Refused, explained, has_status
from sinks.elasticsearch.capabilities import version_of
from sinks.elasticsearch.ours import Standing, standing
from sinks.elasticsearch.template import index_template, promoted_properties

if TYPE_CHECKING:
    from schemas.settings import ElasticsearchSink

_log = logging.getLogger(__name__)


def put_template(client: Elasticsearch, name: str, settings: ElasticsearchSink, policy: str | None) -> None:
    """Install the template where it is missing, older or of other settings; leave a newer one alone.

    Raises TemporaryError; SettingsError when it is somebody else's, or Elasticsearch does not take it.
    """
    wanted = index_template(settings, name, policy)
    try:
        found = _existing(client, name)
        match standing(found, wanted):
            case Standing.NEWER:
                _log.warning("index template %s is of a newer logferry and stays as it is", name)
            case Standing.FOREIGN:
                raise SettingsError(
                    f"there is an index template {name} in the cluster, and it is not logferry's",
                    remedy="give this sink a template_name of its own, delete that template, or write template: false",
                )
            case Standing.MISSING | Standing.OTHER:
                client.indices.put_index_template(name=name, body=wanted)
                _tell(name, found, wanted)
    except REFUSED as error:
        raise _refusal(error, name, client) from error


def _existing(client: Elasticsearch, name: str) -> dict[str, Any] | None:
    try:
        answer = client.indices.get_index_template(name=name)
    except REFUSED as error:
        if has_status(error, (404,)):
            return None
        raise
    found = answer["index_templates"]
    return dict(found[0]["index_template"]) if found else None


def _tell(name: str, found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> None:
    before = list(found.get("index_patterns", ())) if found else wanted["index_patterns"]
    of_settings = not found or "fingerprint" in found.get("_meta", {})  # the first version had other patterns
    if of_settings and before != wanted["index_patterns"]:
        _log.warning(
            "index template %s was for %s and is now for %s; if another installation of logferry uses this cluster, "
            "give one of them another template_name",
            name,
            ", ".join(before),
            ", ".join(wanted["index_patterns"]),
        )
    _log.info("index template %s %s: new indices follow it", name, "updated" if found else "installed")


def _refusal(error: Refused, name: str, client: Elasticsearch) -> Exception:
    found = explained(error, f"index template {name} cannot be installed", client)
    if isinstance(found, SettingsError) and not found.remedy:
        found.remedy = _remedy(found.problem, client)
    return found


def _remedy(problem: str, client: Elasticsearch) -> str:
    if "same priority" in problem:
        return "give one of the sinks another index, another template_priority, or template: false"
    if "unknown setting" in problem or "unknown field" in problem or "Unknown key" in problem:
        return f"Elasticsearch 8.13 or later is needed; this is {version_of(client) or 'an older one'}"
    return ""


def add_promoted(client: Elasticsearch, settings: ElasticsearchSink, now: float) -> None:
    """Map promoted attributes in what exists already: the index of ``now``, or the data stream's latest.

    An attribute that came before it was promoted has its type there; it gets the new one in the next index.
    Raises TemporaryError.
    """
    if not settings.promote:
        return
    target = settings.data_stream or index_name(settings.index, int(now * 1_000_000_000))
    try:
        mappings = client.indices.get_mapping(index=target, expand_wildcards="none").body
        if not mappings:
            return
        name = max(mappings)  # a data stream's latest index has the highest number
        missing, settled = compare(mappings[name].get("mappings", {}), promoted_properties(settings))
        if missing:
            attributes = {"type": "object", "subobjects": False, "properties": missing}
            client.indices.put_mapping(index=name, properties={"attributes": attributes})
            _log.info("index %s: %s can be searched by type from now on", name, ", ".join(sorted(missing)))
        for attribute, (old, new) in settled.items():
            _log.info("index %s has attribute %s as %s already; it is %s in the next one", name, attribute, old, new)
    except REFUSED as error:
        if has_status(error, (404,)):
            return
        if has_status(error, (400,)):
            _log.info("index %s keeps its mapping: %s", target, error.message)
            return
        raise explained(error, f"promoted attributes cannot be mapped in {target}", client) from error


def compare(
    mapping: Mapping[str, Any], promoted: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Mapping[str, Any]], dict[str, tuple[str, str]]]:
    """Which promoted attributes an index does not know, and which it has under another type (old, new)."""
    attributes = mapping.get("properties", {}).get("attributes", {})
    known = attributes.get("properties", {})
    missing = {name: found for name, found in promoted.items() if name not in known}
    settled = {
        name: (str(known[name].get("type", "object")), str(found["type"]))
        for name, found in promoted.items()
        if name in known and known[name].get("type") != found["type"]
    }
    return missing, settled
