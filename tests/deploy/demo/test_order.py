"""In which order containers of a pod start and end, by what each has done."""

from __future__ import annotations

import pytest

from deploy.demo.order import Phase, is_complete, startable, waves
from deploy.demo.pods import ContainerSpec, PodSpec

W, R, D, F = Phase.WAITING, Phase.RUNNING, Phase.DONE, Phase.FAILED


def ordered(policy: str = "Always") -> PodSpec:
    """An init container, a sidecar, another init container, two sidecars more, and the program."""
    roles = {"i1": "init", "s1": "sidecar", "i2": "init", "s2": "sidecar", "app": "main"}
    containers = tuple(ContainerSpec(name, (), "logferry", role=role) for name, role in roles.items())  # type: ignore[arg-type]
    return PodSpec("dev", "p", containers, restart_policy=policy)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("phases", "policy", "expected"),
    [
        ((W, W, W, W, W), "Always", ["i1"]),
        ((R, W, W, W, W), "Always", []),
        ((F, W, W, W, W), "Always", ["i1"]),
        ((F, W, W, W, W), "Never", []),
        ((D, W, W, W, W), "Always", ["s1"]),
        ((D, R, W, W, W), "Always", ["i2"]),
        ((D, F, W, W, W), "Never", ["s1"]),
        ((D, R, D, W, W), "Always", ["s2"]),
        ((D, R, D, R, W), "Always", ["app"]),
        ((D, R, D, R, R), "Always", []),
        ((D, F, D, R, R), "Always", ["s1"]),
        ((D, F, D, R, F), "Always", ["s1", "app"]),
        ((D, R, D, R, D), "Always", ["app"]),
        ((D, R, D, R, D), "OnFailure", []),
        ((D, R, D, R, F), "OnFailure", ["app"]),
        ((D, F, D, R, F), "Never", []),
    ],
)
def test_containers_start_in_kubelets_order(phases: tuple[Phase, ...], policy: str, expected: list[str]) -> None:
    names = [each.name for each in ordered().containers]
    assert startable(ordered(policy), dict(zip(names, phases, strict=True))) == expected


def test_a_job_is_complete_when_its_program_is_whatever_its_sidecars_do() -> None:
    names = [each.name for each in ordered().containers]
    running = dict(zip(names, (D, R, D, R, D), strict=True))
    assert [is_complete(ordered(policy), running) for policy in ("Always", "OnFailure", "Never")] == [False, True, True]


def test_sidecars_end_last_and_in_reverse() -> None:
    assert waves(ordered()) == [["i1", "i2", "app"], ["s2"], ["s1"]]
