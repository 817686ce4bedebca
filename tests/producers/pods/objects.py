"""Pods and their parts, as the API tells of them."""

from typing import Any


def pod(name: str, **changes: Any) -> dict[str, Any]:
    """A running pod as the API tells of it."""
    namespace = changes.pop("namespace", "shop")
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{name}",
        "labels": {"app": name},
        **changes.pop("metadata", {}),
    }
    return {
        "metadata": metadata,
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "nginx:1"}], **changes.pop("spec", {})},
        "status": changes.pop("status", {"containerStatuses": [running("main", 0)]}),
    }


def running(container: str, restart: int, **changes: Any) -> dict[str, Any]:
    """A container status; its id tells its restart."""
    return {
        "name": container,
        "restartCount": restart,
        "image": "docker.io/library/nginx:1",
        "imageID": "docker.io/library/nginx@sha256:aa",
        "containerID": f"containerd://{container}-{restart}",
        **changes,
    }


def controlled_by(kind: str, name: str, api_version: str) -> list[dict[str, Any]]:
    return [{"kind": kind, "name": name, "uid": f"uid-{name}", "apiVersion": api_version, "controller": True}]
