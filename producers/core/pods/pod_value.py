"""What Kubernetes says of a pod -> a Pod value (schemas/avro/pod.v1.avsc); pure.

Objects are the API's JSON (core/v1 Pod), read as dicts. Apart from `observed_at`, a value is a function of the pod
and of what the topic already knew of its earlier restarts, so that whoever computes it computes the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias

ApiObject: TypeAlias = Mapping[str, Any]
Pod: TypeAlias = dict[str, Any]
"""A value as schemas/avro/pod.v1.avsc describes it."""
Container: TypeAlias = dict[str, Any]

MIRROR: Final = "kubernetes.io/config.mirror"
"""Annotation of a mirror pod: the uid that kubelet itself gave the static pod (k8s.io/api core/v1,
MirrorPodAnnotationKey)."""

CONTAINER_LISTS: Final = (
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


@dataclass(frozen=True)
class AnnotationRule:
    """Which annotations are kept: names as glob patterns, values up to a length in bytes."""

    include: Sequence[str] = ("*",)
    exclude: Sequence[str] = ()
    value_max_bytes: int = 4096

    def kept(self, annotations: Mapping[str, str]) -> dict[str, str]:
        """The annotations that stay, ordered by name."""
        return {name: annotations[name] for name in sorted(annotations) if self._keeps(name, annotations[name])}

    def _keeps(self, name: str, value: str) -> bool:
        return (
            any(fnmatchcase(name, pattern) for pattern in self.include)
            and not any(fnmatchcase(name, pattern) for pattern in self.exclude)
            and len(value.encode(errors="replace")) <= self.value_max_bytes
        )


def pod_uid(api: ApiObject) -> str:
    """The uid by which the pod's node knows it, as paths of log files have it; empty if the object is no pod.

    For a static pod (kube-apiserver, etcd) that is not the uid of the object, which only mirrors it, but kubelet's own.
    """
    metadata = api.get("metadata") or {}
    return str((metadata.get("annotations") or {}).get(MIRROR) or metadata.get("uid") or "")


def pod_value(
    api: ApiObject, owners: Sequence[Mapping[str, str]], annotations: AnnotationRule, observed_at: int
) -> Pod:
    """The value of a pod that exists. `owners`: nearest first; `observed_at`: nanoseconds since 1970."""
    metadata, spec = api.get("metadata") or {}, api.get("spec") or {}
    labels = metadata.get("labels") or {}
    return {
        "uid": pod_uid(api),
        "namespace": metadata.get("namespace") or "",
        "name": metadata.get("name") or "",
        "node": spec.get("nodeName") or None,
        "labels": {name: labels[name] for name in sorted(labels)},
        "annotations": annotations.kept(metadata.get("annotations") or {}),
        "owners": [dict(owner) for owner in owners],
        "containers": list(_containers(spec, api.get("status") or {})),
        "observed_at": observed_at,
        "deleted_at": None,
    }


def _containers(spec: ApiObject, status: ApiObject) -> Iterator[Container]:
    for listed, reported in CONTAINER_LISTS:
        statuses = {each.get("name"): each for each in status.get(reported) or ()}
        for container in spec.get(listed) or ():
            yield from _lives(container, statuses.get(container.get("name")) or {})


def _lives(container: ApiObject, status: ApiObject) -> Iterator[Container]:
    """The run before, as far as it is told, and the current one."""
    restart = int(status.get("restartCount") or 0)
    current = {
        "name": container.get("name") or "",
        "image": _image(container, status),
        "image_id": without_scheme(status.get("imageID")),
        "container_id": without_scheme(status.get("containerID")),
        "restart": restart,
    }
    ended = (status.get("lastState") or {}).get("terminated") or {}
    before = without_scheme(ended.get("containerID"))
    # A container that waits for its restart is reported under the id of the run that ended: one run, not two.
    if before and before != current["container_id"] and restart > 0:
        yield current | {"image_id": None, "container_id": before, "restart": restart - 1}
    yield current


def _image(container: ApiObject, status: ApiObject) -> str:
    """What runs, as the runtime calls it; a runtime that knows only the digest leaves the name to the manifest."""
    running = str(status.get("image") or "")
    return running if running and not running.startswith("sha256:") else str(container.get("image") or running)


def without_scheme(runtime_id: str | None) -> str | None:
    """`containerd://0123` -> `0123`; `docker-pullable://nginx@sha256:…` -> `nginx@sha256:…`; nothing -> None."""
    return (runtime_id or "").rpartition("://")[2] or None


def merged(pod: Pod, held: Pod | None, restarts_max: int) -> Pod:
    """The pod with what the topic knew of earlier restarts, at most `restarts_max` of each container, oldest first."""
    known = held["containers"] if held else []
    fresh = {(each["name"], each["restart"]): each for each in pod["containers"]}
    ids = {each["container_id"] for each in pod["containers"]} - {None}
    lives = {
        (each["name"], each["restart"]): each
        for each in known
        if (each["name"], each["restart"]) in fresh or each["container_id"] not in ids
    }
    for key, life in fresh.items():
        lives[key] = _completed(life, lives.get(key))
    names = dict.fromkeys(each["name"] for each in (*pod["containers"], *known))
    return pod | {"containers": [life for name in names for life in _newest(lives.values(), name, restarts_max)]}


def _completed(life: Container, known: Container | None) -> Container:
    """A run with what was known of it and is not told any more."""
    if known is None or life["container_id"] not in (None, known["container_id"]):
        return life
    if life["image_id"] is None:  # nothing but the container's id is told of a run that ended
        return dict(known)
    return life | {"container_id": known["container_id"]}


def _newest(lives: Iterable[Container], name: str, at_most: int) -> list[Container]:
    return sorted((life for life in lives if life["name"] == name), key=lambda life: life["restart"])[-at_most:]


def is_same(pod: Pod, other: Pod | None) -> bool:
    """Whether two values say the same, whenever they were observed."""
    return other is not None and pod | {"observed_at": 0} == other | {"observed_at": 0}


def deletion_time(api: ApiObject, now: int) -> int:
    """When a pod that is gone was deleted, in nanoseconds since 1970: by the API's word, but never in the future."""
    text = (api.get("metadata") or {}).get("deletionTimestamp")
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return now
    return min(now, int(moment.timestamp()) * 1_000_000_000)
