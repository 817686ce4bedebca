"""Who a record comes from: what the path told, and what logs.pods knows of the pod with that uid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.core.framing.attributes import Attributes
from streams.core.rules.facts import Facts

Pods = Mapping[str, Mapping[str, Any]]
"""Pod uid -> Pod value."""


def resource_of(chunk: Mapping[str, Any], tag: str, pods: Pods) -> dict[str, Any]:
    """The Resource of a chunk's records."""
    source = chunk["source"]
    container = source["container"]
    return {
        "source_id": source["id"],
        "node": source["node"],
        "path": chunk["path"],
        "incarnation": chunk["incarnation"].hex(),
        "tag": tag,
        "kubernetes": None
        if container is None or not container["namespace"]
        else _kubernetes(container, chunk["restart"], pods.get(container["pod_uid"])),
    }


def is_resolved(resource: Mapping[str, Any]) -> bool:
    """Whether the pod of a resource is known, or it is of none."""
    kubernetes = resource["kubernetes"]
    return kubernetes is None or bool(kubernetes.get("resolved"))


def facts_of(resource: Mapping[str, Any], source: Mapping[str, Any]) -> Facts:
    """What rules may ask about a source."""
    kubernetes = resource["kubernetes"]
    if kubernetes is None:
        container = source["container"]
        name = "" if container is None else container["name"]
        labels = {} if container is None else container.get("labels", {})
        return Facts(resource["tag"], "", "", name, labels, {}, resource["node"])
    return Facts(
        resource["tag"],
        kubernetes["namespace"],
        kubernetes["pod"],
        kubernetes["container"],
        kubernetes.get("labels", {}),
        kubernetes.get("annotations", {}),
        resource["node"],
    )


def _kubernetes(container: Mapping[str, Any], restart: int, pod: Mapping[str, Any] | None) -> dict[str, Any]:
    known = {
        "namespace": container["namespace"],
        "pod": container["pod"],
        "pod_uid": container["pod_uid"],
        "container": container["name"],
        "container_id": container["id"],
        "restart": restart,
    }
    if pod is None:
        return known | _told_by_the_node(container)
    described = _container_of(pod, container["name"], restart)
    return known | {
        "container_id": container["id"] or described.get("container_id"),
        "container_image": described.get("image") or container.get("image"),
        "container_hash": described.get("image_id"),
        "labels": pod["labels"],
        "annotations": pod["annotations"],
        "resolved": True,
    }


def _told_by_the_node(container: Mapping[str, Any]) -> dict[str, Any]:
    """What stands for the pod's own metadata as long as they are not known."""
    told = {
        "container_image": container.get("image"),
        "labels": container.get("labels"),
        "annotations": container.get("annotations"),
    }
    return {name: value for name, value in told.items() if value}


def attributes_of(source: Mapping[str, Any]) -> Attributes | None:
    """Attributes of all records of a source: a container outside Kubernetes, by the names of OpenTelemetry.

    None when there are none. The record's ``kubernetes`` is for pods, so that dashboards find nothing there that is
    none.
    """
    container = source["container"]
    if container is None or container["namespace"]:
        return None
    told = {
        "container.name": container["name"],
        "container.id": container["id"],
        "container.image.name": container.get("image"),
        **{f"container.label.{name}": value for name, value in container.get("labels", {}).items()},
    }
    return {name: value for name, value in told.items() if value}


def _container_of(pod: Mapping[str, Any], name: str, restart: int) -> Mapping[str, Any]:
    """The pod's entry for a container, best that of the same restart."""
    same = [entry for entry in pod["containers"] if entry["name"] == name]
    exact = [entry for entry in same if entry["restart"] == restart]
    return next(iter(exact or same[-1:]), {})
