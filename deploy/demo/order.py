"""In which order the containers of a pod start and end. Pure: what each has done goes in, names come out.

As kubelet does: init containers one after another, each to its end; among them sidecars (``restartPolicy: Always``),
which only need to run before the next one starts, and end after the last of the others, in reverse order. Source:
Kubernetes' documentation, Sidecar Containers and Pod Lifecycle.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.demo.pods import ContainerSpec, PodSpec


class Phase(Enum):
    """What a container has done since its pod was started."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


Phases = dict[str, Phase]
"""By the container's name."""


def startable(pod: PodSpec, phases: Mapping[str, Phase]) -> list[str]:
    """The containers that may be started now, if their back-off is over."""
    if is_complete(pod, phases):
        return []
    if any(phases[each.name] is not Phase.WAITING for each in _mains(pod)):
        again = [each for each in pod.containers if each.role != "init"]
        return [each.name for each in again if _must_start(pod, each, phases[each.name])]
    for each in pod.containers:
        phase = phases[each.name]
        if each.role == "main":
            break
        if phase is not (Phase.RUNNING if each.role == "sidecar" else Phase.DONE):
            return [each.name] if _must_start(pod, each, phase) else []
    return [each.name for each in _mains(pod)]


def is_complete(pod: PodSpec, phases: Mapping[str, Phase]) -> bool:
    """Whether nothing of the pod is to run any more, its sidecars included."""
    return all(
        phases[each.name] in (Phase.DONE, Phase.FAILED) and not _must_start(pod, each, phases[each.name])
        for each in _mains(pod)
    )


def waves(pod: PodSpec) -> list[list[str]]:
    """The containers in the order in which they are asked to end; each wave when the one before has ended."""
    sidecars = [each.name for each in pod.containers if each.role == "sidecar"]
    return [[each.name for each in pod.containers if each.role != "sidecar"], *([name] for name in reversed(sidecars))]


def _mains(pod: PodSpec) -> list[ContainerSpec]:
    return [each for each in pod.containers if each.role == "main"]


def _must_start(pod: PodSpec, container: ContainerSpec, phase: Phase) -> bool:
    if phase is Phase.RUNNING:
        return False
    if phase is Phase.WAITING or container.role == "sidecar":
        return True
    if container.role == "init":
        return phase is Phase.FAILED and pod.restart_policy != "Never"
    return pod.restart_policy == "Always" or (pod.restart_policy == "OnFailure" and phase is Phase.FAILED)
