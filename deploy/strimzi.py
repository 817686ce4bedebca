"""Topics and users as resources of Strimzi's operators, for clusters that are described in files (GitOps).

``KafkaTopic`` and ``KafkaUser`` of ``kafka.strimzi.io/v1`` (Strimzi 1.0 and later):
https://strimzi.io/docs/operators/latest/configuring#type-KafkaTopic-reference and #type-KafkaUser-reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import groupby
from typing import Any, Final

from deploy.rights import Right
from schemas.errors import SettingsError
from schemas.topics import Topic

API: Final = "kafka.strimzi.io/v1"
CLUSTER_LABEL: Final = "strimzi.io/cluster"
NAME_AT_MOST: Final = 253
MARK_LENGTH: Final = 8
CERTIFICATE_NAME_AT_MOST: Final = 64
"""Longest common name of a certificate (RFC 5280, ub-common-name-length), which is a user's name with ``tls``."""

Resource = dict[str, Any]


def topic_resource(topic: Topic, cluster: str) -> Resource:
    """The KafkaTopic of a topic."""
    return {
        "apiVersion": API,
        "kind": "KafkaTopic",
        "metadata": _metadata(topic.name, cluster),
        "spec": {"topicName": topic.name, **_shape(topic)},
    }


def topic_value(topic: Topic) -> Resource:
    """The same as an entry of ``topics`` in the values of the chart logferry-servers."""
    return {"name": topic.name, **_shape(topic)}


def _shape(topic: Topic) -> Resource:
    return {"partitions": topic.partitions, "replicas": topic.replication_factor, "config": dict(topic.config)}


def user_resources(rights: Iterable[Right], user_of: str, cluster: str, authentication: str) -> list[Resource]:
    """A KafkaUser for each user; several stages may be one.

    ``user_of``: as in `deploy.kafka_acls`; ``authentication``: tls or scram-sha-512. Raises SettingsError for a name
    that no certificate can have.
    """
    acls: dict[str, list[Resource]] = {}
    for stage, own in groupby(rights, lambda right: right.stage):
        known = acls.setdefault(resource_name(user_of.replace("{stage}", stage)), [])
        known += [each for each in map(acl, own) if each not in known]
    if authentication == "tls":
        _check_names(acls)
    return [
        {
            "apiVersion": API,
            "kind": "KafkaUser",
            "metadata": _metadata(name, cluster),
            "spec": {
                "authentication": {"type": authentication},
                "authorization": {"type": "simple", "acls": each},
            },
        }
        for name, each in acls.items()
    ]


def _check_names(users: Iterable[str]) -> None:
    for name in users:
        if len(name) > CERTIFICATE_NAME_AT_MOST:
            raise SettingsError(
                f"{name} has {len(name)} characters, and a certificate's name at most {CERTIFICATE_NAME_AT_MOST}",
                where="--user",
                remedy="shorten it, or the name of the sink, or use --authentication scram-sha-512",
            )


def acl(right: Right) -> Resource:
    """An entry of a KafkaUser's ``acls``."""
    pattern = "prefix" if right.is_prefix else "literal"
    return {
        "resource": {"type": right.resource, "name": right.name, "patternType": pattern},
        "operations": list(right.operations),
    }


def resource_name(name: str) -> str:
    """A name for Kubernetes (RFC 1123) that no other name becomes: one that has to change has its hash behind it."""
    plain = re.sub(r"[-.]*\.[-.]*", ".", re.sub(r"[^a-z0-9.-]", "-", name.lower())).strip("-.")
    if plain == name and len(name) <= NAME_AT_MOST:
        return name
    mark = sha256(name.encode()).hexdigest()[:MARK_LENGTH]
    kept = plain[: NAME_AT_MOST - MARK_LENGTH - 1].strip("-.")
    return f"{kept}-{mark}" if kept else mark


def _metadata(name: str, cluster: str) -> Mapping[str, Any]:
    return {"name": resource_name(name), "labels": {CLUSTER_LABEL: cluster}}
