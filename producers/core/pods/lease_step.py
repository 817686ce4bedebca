"""Who holds a lease, and what to do about it; pure.

The rules of Kubernetes' own leader election (k8s.io/client-go tools/leaderelection): a lease runs out when *this*
process has not seen it change for `leaseDurationSeconds`, by this process's own clock, so clocks need not agree; and
whoever writes says which version he has read, so of two at once one fails. Object: coordination.k8s.io/v1 Lease.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

Lease: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Literal["create", "renew", "take", "wait"]


@dataclass(frozen=True)
class Sighting:
    """What a lease said, and when that was first seen (seconds of the monotonic clock)."""

    told: tuple[Any, ...]
    since: float


def sighting(lease: Lease | None, before: Sighting | None, now: float) -> Sighting:
    """The lease as it is now; unchanged, it keeps the moment when it was first seen."""
    spec = _spec(lease)
    told = (spec.get("holderIdentity"), spec.get("renewTime"), spec.get("leaseTransitions"))
    return before if before is not None and before.told == told else Sighting(told, now)


def step(lease: Lease | None, seen: Sighting, identity: str, now: float) -> Step:
    """What `identity` should do."""
    if lease is None:
        return "create"
    spec = _spec(lease)
    if spec.get("holderIdentity") == identity:
        return "renew"
    if not spec.get("holderIdentity"):
        return "take"
    return "take" if now >= seen.since + float(spec.get("leaseDurationSeconds") or 0) else "wait"


def held(lease: Lease | None, identity: str, duration_secs: float, now: datetime) -> dict[str, Any]:
    """The spec to write when `identity` creates, renews or takes the lease. `now`: with its time zone."""
    spec = _spec(lease)
    moment = _micro_time(now)
    kept = spec.get("holderIdentity") == identity
    transitions = int(spec.get("leaseTransitions") or 0)
    return {
        **spec,
        "holderIdentity": identity,
        "leaseDurationSeconds": max(1, round(duration_secs)),
        "acquireTime": (spec.get("acquireTime") if kept else None) or moment,
        "renewTime": moment,
        "leaseTransitions": transitions if kept or lease is None else transitions + 1,
    }


def released(lease: Lease, now: datetime) -> dict[str, Any]:
    """The spec to write when the holder leaves: nobody holds it, so the next one need not wait."""
    moment = _micro_time(now)
    return {
        **_spec(lease),
        "holderIdentity": None,
        "leaseDurationSeconds": 1,
        "acquireTime": moment,
        "renewTime": moment,
    }


def _spec(lease: Lease | None) -> Mapping[str, Any]:
    return (lease or {}).get("spec") or {}


def _micro_time(moment: datetime) -> str:
    """RFC 3339 with microseconds, as meta/v1 MicroTime is written."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
