"""Who a record comes from: what the path told, and what logs.pods knows of the pod with that uid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Pods = Mapping[str, Mapping[str, Any]]
"""Pod uid -> Pod value."""


def tag_of(source: Mapping[str, Any], path: str) -> str:
    """The tag of a source: the one its input gave, or kube.<namespace>.<pod>.<container>, or host.<file>."""
    if source["tag"]:
        return str(source["tag"])
    container = source["container"]
    if container is None:
        return "host." + path.rsplit("/", 1)[-1].removesuffix(".log")
    return f"kube.{container['namespace']}.{container['pod']}.{container['name']}"


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
        if container is None
        else _kubernetes(container, chunk["restart"], pods.get(container["pod_uid"])),
    }


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
        return known
    described = _container_of(pod, container["name"], restart)
    return known | {
        "container_id": container["id"] or described.get("container_id"),
        "container_image": described.get("image"),
        "container_hash": described.get("image_id"),
        "labels": pod["labels"],
        "annotations": pod["annotations"],
        "resolved": True,
    }


def _container_of(pod: Mapping[str, Any], name: str, restart: int) -> Mapping[str, Any]:
    """The pod's entry for a container, best that of the same restart."""
    same = [entry for entry in pod["containers"] if entry["name"] == name]
    exact = [entry for entry in same if entry["restart"] == restart]
    return next(iter(exact or same[-1:]), {})
