"""What the entries of a source share: log name, monitored resource, labels.

Sources: https://cloud.google.com/logging/docs/api/v2/resource-list (k8s_container, k8s_node, generic_node, global), and
what GKE's agent writes: labels ``k8s-pod/app_kubernetes_io/name`` with underscores for dots, and
``compute.googleapis.com/resource_name`` with the node. An entry has 64 labels at most, keys of 512 bytes, values of
64 KB (https://cloud.google.com/logging/quotas); Google itself cuts longer ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from schemas.name_templates import Names, read_name_template, shortened, value_in_record

if TYPE_CHECKING:
    from schemas.settings.sinks.google_cloud import GoogleCloudSink

LABELS_AT_MOST: Final = 64
LOG_ID_AT_MOST: Final = 511
_NOT_IN_LOG_ID: Final = re.compile(r"[^A-Za-z0-9/_.\-]")
_STDOUT: Final = "stdout"


def log_id(text: str) -> str:
    """A text with ``_`` for what the id of a log must not contain."""
    return shortened(_NOT_IN_LOG_ID.sub("_", text), LOG_ID_AT_MOST)


class Resources:
    """Says for a record what it shares with the others of its source."""

    def __init__(self, settings: GoogleCloudSink) -> None:
        self._settings = settings
        self._container_log = Names(read_name_template(settings.log_id), log_id)
        self._host_log = Names(read_name_template(settings.host_log_id), log_id)

    def shared(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Members logName, resource and labels of an entry."""
        resource = record["resource"]
        pod = resource["kubernetes"]
        name = (self._host_log if pod is None else self._container_log).name(value_in_record(_with_stream(record)))
        return {
            "logName": f"projects/{self._settings.project}/logs/{quote(name, safe='')}",
            "resource": self._host(resource) if pod is None else self._container(pod),
            "labels": self._labels(resource["node"], {} if pod is None else pod.get("labels") or {}),
        }

    def _container(self, pod: Mapping[str, Any]) -> dict[str, Any]:
        labels = {"namespace_name": pod["namespace"], "pod_name": pod["pod"], "container_name": pod["container"]}
        return {"type": "k8s_container", "labels": {**self._cluster(), **labels}}

    def _cluster(self) -> dict[str, str]:
        settings = self._settings
        return {"project_id": settings.project, "location": settings.location, "cluster_name": settings.cluster_name}

    def _host(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        settings, node = self._settings, resource["node"]
        labels: dict[str, str] = {"project_id": settings.project}
        if settings.host_resource == "k8s_node":
            labels = {**self._cluster(), "node_name": node}
        elif settings.host_resource == "generic_node":
            labels |= {"location": settings.location, "namespace": settings.cluster_name, "node_id": node}
        return {"type": settings.host_resource, "labels": labels}

    def _labels(self, node: str, pod_labels: Mapping[str, str]) -> dict[str, str]:
        """Those of the settings and the node's, then the pod's by name as long as there is room."""
        labels = {"compute.googleapis.com/resource_name": node, **self._settings.labels}
        for name, value in sorted(pod_labels.items()):
            if len(labels) < LABELS_AT_MOST:
                labels.setdefault(f"k8s-pod/{name.replace('.', '_')}", str(value))
        return labels


def _with_stream(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What comes from a container without naming the stream went to stdout, as Google's agents have it."""
    return {**record, "stream": _STDOUT} if record["stream"] is None else record
