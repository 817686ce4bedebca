"""Ending pods as kubelet does: SIGTERM, after the grace period SIGKILL; sidecars when the others have ended."""

from __future__ import annotations

import time
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from deploy.demo.order import is_complete, waves
from deploy.demo.slots import by_pod, phases

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.demo.slots import Running, Slot

LEAST_SECS: Final = 2.0
"""A sidecar has so long even when its pod's grace period is over. Source: kubelet, minimumGracePeriodInSeconds."""
LOOK_SECS: Final = 0.01


def stop_all(slots: list[Slot], grace_secs: float, bury: Callable[[Slot, Running, float], None]) -> None:
    """End every pod, all at the same time, each in its own order."""
    began = time.monotonic()
    ends = {slot.pod.key: began + grace(slot, grace_secs) for slot in slots}
    orders = [[(each, wave) for wave in waves(each[0].pod)] for each in by_pod(slots).values()]
    for steps in zip_longest(*orders):
        asked = [slot for step in steps if step for slot in step[0] if slot.spec.name in step[1] and slot.running]
        _stop_together(asked, ends, bury)


def _stop_together(asked: list[Slot], ends: dict[str, float], bury: Callable[[Slot, Running, float], None]) -> None:
    began = time.monotonic()
    for slot in asked:
        if slot.running:
            slot.running.ask(time.time())
    while waited := [slot for slot in asked if slot.running]:
        for slot in waited:
            end = max(ends[slot.pod.key], began + (LEAST_SECS if slot.spec.role == "sidecar" else 0.0))
            if slot.running and (slot.running.has_exited() or time.monotonic() >= end):
                bury(slot, slot.running, time.time())
        time.sleep(LOOK_SECS)


def dismiss_sidecars(slots: list[Slot], grace_secs: float, now: float) -> None:
    """Ask the sidecars of pods that have nothing else to do any more (Jobs) to end, the last one first."""
    for pod in by_pod(slots).values():
        if is_complete(pod[0].pod, phases(pod)):
            running = [slot for slot in pod if slot.running]
            if running and (last := running[-1]).running:
                last.running.ask(now)
                if last.running.asked_at is not None and now - last.running.asked_at > grace(last, grace_secs):
                    last.running.process.kill()


def grace(slot: Slot, default_secs: float) -> float:
    """How long a container of a pod has between SIGTERM and SIGKILL."""
    return default_secs if slot.pod.grace_secs is None else slot.pod.grace_secs
