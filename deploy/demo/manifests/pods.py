"""The pods that manifests ask for, named and owned as a cluster's controllers do it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from deploy.demo.manifests import objects
from deploy.demo.manifests.containers import container_spec
from deploy.demo.pods import ConfigFiles, ContainerSpec, EmptyDir, HostPath, Owner, PodSpec, Volume
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from deploy.demo.manifests.containers import ConfigMaps

_SAFE: Final = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' letters for generated names. Source: k8s.io/apimachinery, util/rand."""


def pods_of(manifests: Iterable[objects.Manifest]) -> tuple[PodSpec, ...]:
    """The pods, the same for the same manifests. Raises SettingsError where a part of a pod is not there."""
    listed = list(manifests)
    maps = {(each.metadata.namespace, each.metadata.name): each.data for each in listed if each.kind == "ConfigMap"}
    pods = [pod for each in listed for pod in _pods(each, maps)]
    names = [pod.key for pod in pods]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"two pods are called {', '.join(doubled)}", remedy="leave one of them out")
    return tuple(pods)


def _pods(manifest: objects.Manifest, maps: ConfigMaps) -> Iterator[PodSpec]:
    metadata = manifest.metadata
    match manifest:
        case objects.Pod():
            yield _pod(metadata.name, metadata, manifest.spec, (), maps)
        case objects.Workload():
            for number in range(manifest.spec.replicas if manifest.kind != "DaemonSet" else 1):
                yield _replica(manifest, number, maps)
        case objects.Job():
            template = manifest.spec.template
            labels = {"batch.kubernetes.io/job-name": metadata.name}
            described = _described(template.metadata, metadata.namespace, labels)
            name = f"{metadata.name}-{_letters(5, metadata.namespace, metadata.name)}"
            yield _pod(name, described, template.spec, (Owner("Job", metadata.name),), maps)


def _replica(workload: objects.Workload, number: int, maps: ConfigMaps) -> PodSpec:
    name, namespace, template = workload.metadata.name, workload.metadata.namespace, workload.spec.template
    suffix = _letters(5, namespace, name, number)
    owners: tuple[Owner, ...] = (Owner(workload.kind, name),)
    labels: dict[str, str] = {}
    match workload.kind:
        case "StatefulSet":
            pod, labels = f"{name}-{number}", {"statefulset.kubernetes.io/pod-name": f"{name}-{number}"}
        case "DaemonSet":
            pod = f"{name}-{suffix}"
        case _:
            version = _letters(10, namespace, name)
            owners = (Owner("ReplicaSet", f"{name}-{version}"), *owners)
            pod, labels = f"{name}-{version}-{suffix}", {"pod-template-hash": version}
    return _pod(pod, _described(template.metadata, namespace, labels), template.spec, owners, maps)


def _described(template: objects.Metadata, namespace: str, labels: Mapping[str, str]) -> objects.Metadata:
    return template.model_copy(update={"namespace": namespace, "labels": {**template.labels, **labels}})


def _letters(count: int, *words: object) -> str:
    """Letters of a generated name, computed of what they stand for."""
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return "".join(_SAFE[byte % len(_SAFE)] for byte in digest[:count])


def _pod(
    name: str, metadata: objects.Metadata, body: objects.PodBody, owners: tuple[Owner, ...], maps: ConfigMaps
) -> PodSpec:
    where = f"pod {metadata.namespace}/{name}"
    volumes = {each.name: _volume(each, metadata.namespace, maps, where) for each in body.volumes}
    initial = [
        container_spec(each, metadata.namespace, maps, where, "sidecar" if each.restart_policy else "init")
        for each in body.init_containers
    ]
    mains = [container_spec(each, metadata.namespace, maps, where, "main") for each in body.containers]
    containers = (*initial, *mains)
    _check_mounts(containers, volumes, where)
    return PodSpec(
        metadata.namespace,
        name,
        containers,
        metadata.labels,
        metadata.annotations,
        owners,
        volumes,
        body.restart_policy,
        body.termination_grace_period_seconds,
    )


def _volume(volume: objects.Volume, namespace: str, maps: ConfigMaps, where: str) -> Volume:
    if volume.host_path is not None:
        return HostPath(volume.host_path.path)
    if volume.config_map is None:
        return EmptyDir()
    found = maps.get((namespace, volume.config_map.name))
    if found is None:
        raise SettingsError(
            f"its volume {volume.name} is of ConfigMap {volume.config_map.name}, which no manifest has",
            where=where,
            remedy="name the file that has it as well",
        )
    return ConfigFiles(found)


def _check_mounts(containers: tuple[ContainerSpec, ...], volumes: Mapping[str, Volume], where: str) -> None:
    """Every mount has its volume, and a path means the same in all containers: files of ConfigMaps name it, too."""
    seen: dict[str, str] = {}
    for mount in (mount for each in containers for mount in each.mounts):
        if mount.volume not in volumes:
            raise SettingsError(f"there is no volume {mount.volume}", where=where, remedy="add it to spec.volumes")
        if seen.setdefault(mount.path, mount.volume) != mount.volume:
            raise SettingsError(
                f"{mount.path} is volume {seen[mount.path]} in one container and {mount.volume} in another",
                where=where,
                remedy="the demo puts folders in the place of mount paths: give each volume a path of its own",
            )
