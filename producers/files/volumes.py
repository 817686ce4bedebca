"""Whose volume a folder under /var/lib/kubelet/pods is: its path has the pod's uid, kubelet's log folders the rest.

Kubelet makes ``/var/log/pods/<namespace>_<pod>_<uid>`` before the first container of a pod runs, and removes it after
the pod's volumes, so that it is there whenever somebody writes. Source: kubelet, pkg/kubelet/kuberuntime
(generatePodSandboxConfig, evictPodLogsDirectories). No question goes to the API, and the answer is always the same.
"""

from __future__ import annotations

import os

from producers.core.files.container_names import pod_of_folder


class PodFolders:
    """The pods of one node by uid, as the names of their log folders tell."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._pods: dict[str, tuple[str, str]] = {}

    def pod(self, uid: str) -> tuple[str, str] | None:
        """Namespace and name of a pod; None where no folder is named after it. Raises OSError."""
        if uid not in self._pods:
            names = map(pod_of_folder, os.listdir(self.folder))  # noqa: PTH208 - names are all that is needed
            self._pods = {pod.uid: (pod.namespace, pod.name) for pod in names if pod is not None}
        return self._pods.get(uid)
