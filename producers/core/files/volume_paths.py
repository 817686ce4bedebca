"""Where kubelet keeps the emptyDir volumes of pods, and what the path of a file in one says.

``<kubelet's root>/pods/<uid>/volumes/kubernetes.io~empty-dir/<volume>/…``, the root being /var/lib/kubelet by default.
Source: kubelet, pkg/kubelet/kubelet_getters.go (getPodVolumeDir), pkg/volume/emptydir (EscapeQualifiedName).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_VOLUME = re.compile(r"(?P<root>/(?:.+?/)?pods/(?P<uid>[^/_]+)/volumes/kubernetes\.io~empty-dir/(?P<name>[^/]+))/.*")


@dataclass(frozen=True)
class PodVolume:
    """The emptyDir volume that a file lies in."""

    root: str
    """Its folder on the node."""
    pod_uid: str
    name: str


def volume_of_path(path: str) -> PodVolume | None:
    """The volume that ``path`` lies in; None for a path outside any. The outermost one where names are odd."""
    match = _VOLUME.fullmatch(path)
    return None if match is None else PodVolume(match["root"], match["uid"], match["name"])
