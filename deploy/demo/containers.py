"""What the process of a container gets: command line and environment, with the node's folders in the place of mounts.

There are no containers here, so a path at which a volume is mounted is not really there. Wherever it stands in the
command line, the environment or a ConfigMap's file, at the beginning of a path, the volume's folder on the node takes
its place: ``/logs/a.log`` becomes ``<root>/var/lib/kubelet/pods/<uid>/volumes/kubernetes.io~empty-dir/logs/a.log``.
A mount namespace would make such paths true, but not everybody may have one, and a manifest must do the same for all.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deploy.demo.pods import ConfigFiles, FieldRef, HostPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from deploy.demo.pods import ContainerSpec, Mount, NodeTree, PodSpec

LOOPBACK: Final = "127.0.0.1"
PROGRAMS: Final[Mapping[str, tuple[str, ...]]] = {
    "python": (sys.executable,),
    "logferry": (sys.executable, "-P", "-m", "deploy.cli"),
}
"""What is in the path of our images, as it is run here."""

_REFERENCE: Final = re.compile(r"\$\$|\$\(([A-Za-z_.-][\w.-]*)\)")


@dataclass(frozen=True)
class Placed:
    """A pod on this node."""

    pod: PodSpec
    uid: str
    node: str
    tree: NodeTree

    def folder(self, volume: str) -> Path:
        """Where a volume lies on the node."""
        kind = self.pod.volumes.get(volume)
        if isinstance(kind, HostPath):
            return self.tree.root / kind.path.lstrip("/")
        plugin = "configmap" if isinstance(kind, ConfigFiles) else "empty-dir"
        return self.tree.kubelet / "pods" / self.uid / "volumes" / f"kubernetes.io~{plugin}" / volume

    def paths(self, mounts: Iterable[Mount]) -> dict[str, str]:
        """Path in the container -> path on the node."""
        return {each.path.rstrip("/"): str(self.folder(each.volume)) for each in mounts}

    def field(self, path: str) -> str:
        """The value of a fieldRef that `manifests` let pass."""
        known = {
            "metadata.name": self.pod.name,
            "metadata.namespace": self.pod.namespace,
            "metadata.uid": self.uid,
            "spec.nodeName": self.node,
            "status.hostIP": LOOPBACK,
            "status.podIP": LOOPBACK,
        }
        if path in known:
            return known[path]
        kind, _, key = path.removesuffix("']").partition("['")
        return (self.pod.labels if kind == "metadata.labels" else self.pod.annotations).get(key, "")


def make_volumes(placed: Placed) -> None:
    """Make the folders of a pod's volumes and write the files of its ConfigMaps. Raises OSError."""
    everywhere = placed.paths(mount for each in placed.pod.containers for mount in each.mounts)
    for name, volume in placed.pod.volumes.items():
        folder = placed.folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(volume, ConfigFiles):
            for file, text in volume.files.items():
                (folder / file).write_text(on_node(text, everywhere), encoding="utf-8")


def environment(placed: Placed, container: ContainerSpec) -> dict[str, str]:
    """The variables that the manifest gives a container."""
    paths, found = placed.paths(container.mounts), dict[str, str]()
    for name, value in container.env.items():
        text = placed.field(value.path) if isinstance(value, FieldRef) else _resolved(value, found)
        found[name] = on_node(text, paths)
    return found


def command_line(placed: Placed, container: ContainerSpec, variables: Mapping[str, str]) -> list[str]:
    """What is run for a container."""
    paths = placed.paths(container.mounts)
    first, *rest = (on_node(_resolved(part, variables), paths) for part in container.argv)
    return [*PROGRAMS.get(first, (first,)), *rest]


def on_node(text: str, paths: Mapping[str, str]) -> str:
    """Put paths of the node in the place of paths in the container, where a path begins with one."""
    if not paths:
        return text
    longest_first = "|".join(re.escape(path) for path in sorted(paths, key=len, reverse=True))
    return re.sub(rf"(?<![\w./-])(?:{longest_first})(?![\w.-])", lambda match: paths[match[0]], text)


def _resolved(text: str, variables: Mapping[str, str]) -> str:
    """Resolve ``$(NAME)`` as kubelet does; an unknown one stays, ``$$`` is a dollar."""
    return _REFERENCE.sub(lambda m: "$" if m[0] == "$$" else variables.get(m[1], m[0]), text)
