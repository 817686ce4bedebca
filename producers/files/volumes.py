"""Whose volume a folder under /var/lib/kubelet/pods is: its path has the pod's uid, kubelet's log folders the rest.

Kubelet makes ``/var/log/pods/<namespace>_<pod>_<uid>`` before the first container of a pod runs, and removes it after
the pod's volumes, so that it is there whenever somebody writes. Source: kubelet, pkg/kubelet/kuberuntime
(generatePodSandboxConfig, evictPodLogsDirectories). No question goes to the API, and the answer is always the same.
"""

from __future__ import annotations

import os
import time

from producers.core.files.container_names import PodName, pod_of_folder
from producers.files.folder_times import changed_at, settled


class PodFolders:
    """The pods of one node by uid, as the names of their log folders tell."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._pods: dict[str, PodName] = {}
        self._listed = -1
        """The folder's modification time when it was listed."""

    def pod(self, uid: str) -> PodName | None:
        """A pod; None where no folder is named after it. Raises OSError."""
        if uid not in self._pods:
            self._look()
        return self._pods.get(uid)

    def _look(self) -> None:
        """List the folder, unless it is as it was: volumes of unknown pods are asked about again and again."""
        changed = changed_at(self.folder)
        if changed == self._listed:
            return
        names = map(pod_of_folder, os.listdir(self.folder))  # noqa: PTH208 - names are all that is needed
        self._pods = {pod.uid: pod for pod in names if pod is not None}
        self._listed = settled(changed, time.time())
