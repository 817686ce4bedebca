"""Pods of the demo: what they are, where their logs lie, and what a restart of the demo must remember.

::

    <root>/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restart>.log
    <root>/var/log/containers/<pod>_<namespace>_<container>-<container id>.log   a link to it
    <root>/var/lib/kubelet/pods.json                                             uids, container ids, restarts
    <root>/var/lib/kubelet/pods/<uid>/volumes/kubernetes.io~empty-dir/<volume>   emptyDir volumes

A pod keeps its uid when the demo stops and starts; each of its containers gets a new id and the next restart number
then, as after a reboot of a node. Of a container's dead predecessors the newest stays, file and link, until kubelet's
garbage collection meets a newer one.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class FieldRef:
    """The value of a variable that only the pod's start tells: metadata.uid, spec.nodeName and the like."""

    path: str


@dataclass(frozen=True)
class EmptyDir:
    """A volume that begins empty and lives as long as its pod."""


@dataclass(frozen=True)
class ConfigFiles:
    """A volume with the files of a ConfigMap."""

    files: Mapping[str, str]


@dataclass(frozen=True)
class HostPath:
    """A folder of the node, below the demo's root."""

    path: str


Volume: TypeAlias = EmptyDir | ConfigFiles | HostPath


@dataclass(frozen=True)
class Mount:
    """Where a container sees a volume."""

    volume: str
    path: str


@dataclass(frozen=True)
class ContainerSpec:
    """One container of a pod: a program and the image it is said to come from."""

    name: str
    argv: tuple[str, ...]
    image: str
    env: Mapping[str, str | FieldRef] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    role: Literal["main", "init", "sidecar"] = "main"
    """init: runs to its end before the others start. sidecar: an init container with restartPolicy Always."""

    @property
    def image_id(self) -> str:
        """`repository@sha256:…`; the digest is computed from the image's name."""
        tail = self.image.rpartition("/")[2]
        repository = self.image.removesuffix(":" + tail.partition(":")[2]) if ":" in tail else self.image
        return f"{repository}@sha256:{hashlib.sha256(self.image.encode()).hexdigest()}"


@dataclass(frozen=True)
class Owner:
    """What created a pod; the uid is computed, so that it is the same on every machine."""

    kind: str
    name: str

    def record(self, namespace: str) -> dict[str, str]:
        """Return it as in schemas/avro/pod.v1.avsc."""
        uid = uuid.uuid5(uuid.NAMESPACE_URL, f"{namespace}/{self.kind}/{self.name}")
        return {"kind": self.kind, "name": self.name, "uid": str(uid)}


@dataclass(frozen=True)
class PodSpec:
    """What somebody asks to run."""

    namespace: str
    name: str
    containers: tuple[ContainerSpec, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[Owner, ...] = ()
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    restart_policy: Literal["Always", "OnFailure", "Never"] = "Always"
    grace_secs: float | None = None
    """terminationGracePeriodSeconds; null: as the runtime's limits say."""

    @property
    def key(self) -> str:
        """`namespace/name`, unique at any one time."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Life:
    """One run of one container."""

    restart: int
    container_id: str
    """64 lower-case hexadecimal digits."""


class NodeTree:
    """The folders of one node under `root`."""

    def __init__(self, root: Path) -> None:
        root = self.root = root.resolve()
        self.pods = root / "var/log/pods"
        self.containers = root / "var/log/containers"
        self.kubelet = root / "var/lib/kubelet"

    @property
    def pattern(self) -> str:
        """The glob that finds every container's log, as a `container_files` input takes it."""
        return str(self.containers / "*.log")

    def log(self, pod: PodSpec, uid: str, container: str, restart: int) -> Path:
        """Return the live log file of one life of one container."""
        return self.pods / f"{pod.namespace}_{pod.name}_{uid}" / container / f"{restart}.log"

    def link(self, pod: PodSpec, container: str, container_id: str) -> Path:
        """Return the link that log collectors read."""
        return self.containers / f"{pod.name}_{pod.namespace}_{container}-{container_id}.log"


class PodRegister:
    """Which uid each pod has and which lives its containers had, kept in a file under `root`.

    Written at every change by rename, so that a kill leaves the old or the new state. May raise OSError.
    """

    def __init__(self, root: Path, *, new_id: Callable[[], str] = lambda: secrets.token_hex(32)) -> None:
        self.tree = NodeTree(root)
        self._new_id = new_id
        self._path = self.tree.kubelet / "pods.json"
        self._pods: dict[str, dict[str, Any]] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def uid(self, pod: PodSpec) -> str:
        """Return the pod's uid, the same for ever under this root."""
        return str(self._entry(pod)["uid"])

    def lives(self, pod: PodSpec, container: str) -> list[Life]:
        """Return the lives that are still known, oldest first."""
        return [Life(**life) for life in self._entry(pod)["containers"].get(container, [])]

    def begin(self, pod: PodSpec, container: str) -> Life:
        """Begin a new life of a container: the next restart number, a new id."""
        known = self.lives(pod, container)
        life = Life(known[-1].restart + 1 if known else 0, self._new_id())
        self._replace(pod, container, [*known, life])
        return life

    def connect(self, pod: PodSpec, container: str, life: Life) -> None:
        """Make the link to a life's log file, as kubelet does once the container runs."""
        link = self.tree.link(pod, container, life.container_id)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(self.tree.log(pod, self.uid(pod), container, life.restart))

    def collect(self, pod: PodSpec, container: str, keep_dead: int = 1) -> list[Life]:
        """Remove files and links of all but the current life and the newest `keep_dead`; returns whose they were."""
        known = self.lives(pod, container)
        gone = known[: max(0, len(known) - 1 - keep_dead)]
        for life in gone:
            self._remove(pod, container, life)
        if gone:
            self._replace(pod, container, known[len(gone) :])
        return gone

    def record(self, pod: PodSpec, node: str, observed_at: int) -> dict[str, Any]:
        """Return the pod as schemas/avro/pod.v1.avsc describes it. `observed_at`: nanoseconds since 1970."""
        return {
            "uid": self.uid(pod),
            "namespace": pod.namespace,
            "name": pod.name,
            "node": node,
            "labels": dict(pod.labels),
            "annotations": dict(pod.annotations),
            "owners": [owner.record(pod.namespace) for owner in pod.owners],
            "containers": [
                self._container(spec, life) for spec in pod.containers for life in self.lives(pod, spec.name)
            ],
            "observed_at": observed_at,
            "deleted_at": None,
        }

    @staticmethod
    def _container(spec: ContainerSpec, life: Life) -> dict[str, Any]:
        return {
            "name": spec.name,
            "image": spec.image,
            "image_id": spec.image_id,
            "container_id": life.container_id,
            "restart": life.restart,
        }

    def _entry(self, pod: PodSpec) -> dict[str, Any]:
        if pod.key not in self._pods:
            self._pods[pod.key] = {"uid": str(uuid.uuid4()), "containers": {}}
            self._save()
        return self._pods[pod.key]

    def _replace(self, pod: PodSpec, container: str, lives: list[Life]) -> None:
        self._entry(pod)["containers"][container] = [vars(life) for life in lives]
        self._save()

    def _remove(self, pod: PodSpec, container: str, life: Life) -> None:
        log = self.tree.log(pod, self.uid(pod), container, life.restart)
        self.tree.link(pod, container, life.container_id).unlink(missing_ok=True)
        for path in log.parent.glob(f"{life.restart}.log*"):
            path.unlink(missing_ok=True)

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self._pods, indent=1))
        os.replace(temporary, self._path)  # noqa: PTH105 - says that it replaces
