"""What Docker's config.v2.json says of a container.

Source: moby, container/container.go (Container: Name, Config.Image, Config.Labels). Containers that cri-dockerd or
dockershim made for Kubernetes carry their identity in labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_IDENTITY = {
    "namespace": "io.kubernetes.pod.namespace",
    "pod": "io.kubernetes.pod.name",
    "pod_uid": "io.kubernetes.pod.uid",
    "name": "io.kubernetes.container.name",
}


def docker_container(container_id: str, config: object) -> dict[str, Any]:
    """The Container record (schemas/avro/raw_chunk) of a parsed config.v2.json, whatever that holds."""
    described = _mapping(config)
    inner = _mapping(described.get("Config"))
    labels = {str(key): str(value) for key, value in _mapping(inner.get("Labels")).items()}
    name = described.get("Name")
    image = inner.get("Image")
    identity = {"namespace": "", "pod": "", "pod_uid": "", "name": str(name or container_id[:12]).lstrip("/")}
    if all(label in labels for label in _IDENTITY.values()):
        identity = {field: labels[label] for field, label in _IDENTITY.items()}
    return {**identity, "id": container_id, "image": image if isinstance(image, str) else None, "labels": labels}


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
