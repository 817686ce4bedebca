"""Pods are `restricted` as Kubernetes itself judges it; the producer has the exceptions listed here and no other."""

from pathlib import Path
from typing import Any, Final

import pytest

from tests.deploy.kubernetes.objects import Object, containers, of_kind, templates
from tests.deploy.kubernetes.rendering import OWN, objects, title
from tests.tools import helm, pod_security

EXCEPTIONS: Final = {
    # Logs are root's, and readable by root alone.
    "runAsNonRoot != true": "must not set securityContext.runAsNonRoot=false",
    "runAsUser=0": "must not set runAsUser=0",
}
"""Reasons in Kubernetes' words, and what they are about; "restricted volume types" has a table of its own below."""
READS_ALL: Final = {
    # Files of other users, which root without it cannot read either. What waits for topics reads none.
    "unrestricted capabilities": 'container "producer" must not include "DAC_READ_SEARCH" in '
    "securityContext.capabilities.add",
}
MINIMAL: Final[dict[str, Any]] = {"config": {"kafka": {"bootstrap_servers": "kafka:9092"}}}


@pytest.mark.parametrize("example", OWN, ids=title)
def test_all_but_the_producer_are_restricted(example: Path) -> None:
    others = [template for each, template in templates(objects(example)) if each["kind"] != "DaemonSet"]

    assert pod_security.violations(others) == [{} for _ in others]


@pytest.mark.parametrize("example", OWN, ids=title)
def test_the_producer_has_its_exceptions_and_no_other(example: Path) -> None:
    (producer,) = [template for each, template in templates(objects(example)) if each["kind"] == "DaemonSet"]
    (found,) = pod_security.violations([producer])
    ports = {port.get("hostPort") for one in containers(producer) for port in one.get("ports", [])} - {None}

    names = ", ".join(f'"{one["name"]}"' for one in containers(producer))
    expected = {reason: f"containers {names} {detail}" for reason, detail in EXCEPTIONS.items()} | READS_ALL
    wished = ["restricted volume types", *(["hostPort"] if ports else [])]
    # Where SELinux is enforced nothing of a lesser type may read the nodes' logs.
    wished += ["seLinuxOptions"] if "seLinuxOptions" in containers(producer)[0]["securityContext"] else []

    assert found.keys() == {*expected, *wished}
    assert {reason: found[reason] for reason in expected} == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {}),
        ({"producer": {"docker": True}}, {"/var/lib/docker/containers": "read-only"}),
        (
            {"config": {"inputs": {"journal": {"type": "journald"}}}},
            {"/run/log/journal": "read-only", "/etc/machine-id": "read-only"},
        ),
        ({"producer": {"hostFolders": ["/var/lib/kubelet/pods"]}}, {"/var/lib/kubelet/pods": "read-only"}),
        (
            {"config": {"inputs": {"local": {"type": "forward", "unix": "/run/logferry/forward.sock"}}}},
            {"/run/logferry": "writable"},
        ),
    ],
    ids=str,
)
def test_of_its_node_the_producer_writes_its_checkpoint_and_its_sockets(
    values: dict[str, Any], expected: dict[str, str]
) -> None:
    (producer,) = of_kind(helm.template(helm.CHART, MINIMAL, values), "DaemonSet")

    assert _host_folders(producer["spec"]["template"]) == {
        "/var/log": "read-only",
        "/var/lib/logferry/logging-logferry": "writable",
        **expected,
    }


def _host_folders(template: Object) -> dict[str, str]:
    """Folders of the node, and what the pod may do there."""
    volumes = {each["name"]: each["hostPath"]["path"] for each in template["spec"]["volumes"] if "hostPath" in each}
    return {
        volumes[mount["name"]]: "read-only" if mount.get("readOnly") else "writable"
        for one in containers(template)
        for mount in one["volumeMounts"]
        if mount["name"] in volumes
    }


def test_the_producer_shares_nothing_of_its_node_but_files() -> None:
    (producer,) = of_kind(helm.template(helm.CHART, MINIMAL), "DaemonSet")
    spec = producer["spec"]["template"]["spec"]

    assert {key for key in spec if key.startswith("host")} == set()
    assert [one["securityContext"]["allowPrivilegeEscalation"] for one in containers({"spec": spec})] == [False, False]
    assert [one["securityContext"].get("privileged") for one in containers({"spec": spec})] == [None, None]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
