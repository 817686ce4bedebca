"""Where a record is from, as attributes of a resource by the semantic conventions.

https://opentelemetry.io/docs/specs/semconv/resource/k8s/ (k8s.*), …/resource/container/, …/resource/host/,
…/general/logs/ (log.file.path), and …/non-normative/k8s-attributes/ (service.*, and what annotations mean). What they
have no name for begins with ``logferry.``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from sinks.otlp.attributes import key_values

_MEANT: Final = "resource.opentelemetry.io/"
"""What an annotation begins with that names an attribute of the resource."""


def resource(of: Mapping[str, Any], *, annotations: bool) -> Resource:
    """The resource of a LogRecord's ``resource``; ``annotations``: with those of the pod."""
    attributes: dict[str, Any] = {"host.name": of["node"], "log.file.path": of["path"], "logferry.tag": of["tag"]}
    if of.get("source_id"):
        attributes["logferry.source_id"] = of["source_id"]
    pod = of["kubernetes"]
    if pod is not None:
        attributes |= _of_pod(pod, of["node"])
        if annotations:
            attributes |= {f"k8s.pod.annotation.{key}": value for key, value in pod["annotations"].items()}
    return Resource(
        attributes=key_values({name: value for name, value in attributes.items() if value not in (None, "")})
    )


def _of_pod(pod: Mapping[str, Any], node: str) -> dict[str, Any]:
    labels, meant = pod["labels"], pod["annotations"]
    found: dict[str, Any] = {
        "service.name": labels.get("app.kubernetes.io/instance")
        or labels.get("app.kubernetes.io/name")
        or pod["container"],
        "service.namespace": pod["namespace"],
        "service.version": labels.get("app.kubernetes.io/version"),
        "k8s.node.name": node,
        "k8s.namespace.name": pod["namespace"],
        "k8s.pod.name": pod["pod"],
        "k8s.pod.uid": pod["pod_uid"],
        "k8s.container.name": pod["container"],
        "k8s.container.restart_count": pod["restart"],
        "container.id": pod["container_id"],
        **_image(pod["container_image"], pod["container_hash"]),
    }
    found |= {f"k8s.pod.label.{key}": value for key, value in labels.items()}
    return found | {key[len(_MEANT) :]: value for key, value in meant.items() if key.startswith(_MEANT)}


def _image(image: str | None, digest: str | None) -> dict[str, Any]:
    """``registry:5000/shop/cart:1.4`` is the name up to its tag; a colon before a slash is a port."""
    found: dict[str, Any] = {"container.image.repo_digests": [digest] if digest else None}
    if image:
        name = image.partition("@")[0]
        tail = name.rpartition("/")[2]
        tag = tail.partition(":")[2]
        found["container.image.name"] = name.removesuffix(f":{tag}") if tag else name
        found["container.image.tags"] = [tag] if tag else None
    return found
