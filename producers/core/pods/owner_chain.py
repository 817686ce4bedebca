"""From a pod to what somebody asked for: ReplicaSet to Deployment, Job to CronJob; pure.

Kubernetes names in `metadata.ownerReferences` the direct owner only; owners of owners have to be looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

LOOKED_UP: Final[Mapping[str, tuple[str, str]]] = {
    "ReplicaSet": ("apps", "replicasets"),
    "Job": ("batch", "jobs"),
}
"""Kinds whose own owner is worth a look -> API group, resource."""

LONGEST: Final = 8
"""Owners in one chain at most. Kubernetes makes chains of two; a circle is a mistake of some controller."""


@dataclass(frozen=True)
class Owner:
    """One owner reference."""

    kind: str
    name: str
    uid: str
    group: str = ""

    @property
    def is_looked_up(self) -> bool:
        """Whether it is of a kind that usually has an owner itself."""
        known = LOOKED_UP.get(self.kind)
        return known is not None and known[0] == self.group

    def record(self) -> dict[str, str]:
        """Return it as in schemas/avro/pod.v1.avsc."""
        return {"kind": self.kind, "name": self.name, "uid": self.uid}


def owner_of(metadata: Mapping[str, Any]) -> Owner | None:
    """Who controls an object; without a controller, its first owner."""
    references = [each for each in metadata.get("ownerReferences") or () if each.get("uid")]
    chosen = next((each for each in references if each.get("controller")), references[0] if references else None)
    if chosen is None:
        return None
    group = str(chosen.get("apiVersion") or "").rpartition("/")[0]
    return Owner(str(chosen.get("kind") or ""), str(chosen.get("name") or ""), str(chosen["uid"]), group)


def owner_chain(metadata: Mapping[str, Any], look_up: Callable[[Owner], Owner | None]) -> list[dict[str, str]]:
    """All owners of a pod, nearest first. `look_up`: the owner of an owner, None if it has none or is not known."""
    chain: list[Owner] = []
    owner = owner_of(metadata)
    while owner is not None and len(chain) < LONGEST:
        chain.append(owner)
        owner = look_up(owner) if owner.is_looked_up else None
    return [each.record() for each in chain]


def longer(owners: list[dict[str, str]], held: list[dict[str, str]]) -> list[dict[str, str]]:
    """The chain as the topic knew it, where it goes on from the one that could be resolved now."""
    return held if held[: len(owners)] == owners and owners else owners
