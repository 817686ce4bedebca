"""A real API server takes every object that this repository gives to a cluster, and says no word of warning."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.deploy.kubernetes.acceptance import Acceptance, offered
from tests.deploy.kubernetes.everything import renderings
from tests.tools.kube_apiserver import KubeApiserver
from tests.tools.kube_objects import KubeObject, KubeObjects, named

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("definitions")]

RENDERINGS = renderings()
NEEDED = {
    "restricted volume types",  # host folders
    "runAsNonRoot != true",  # the logs are root's
    "runAsUser=0",
    "unrestricted capabilities",  # to read other users' logs
    "hostPort",  # network inputs
    "seLinuxOptions",  # where SELinux is enforced (OpenShift)
}
WOULD_VIOLATE = 'would violate PodSecurity "restricted:latest": '


@pytest.fixture(scope="module", params=RENDERINGS)
def acceptance(
    request: pytest.FixtureRequest, apiserver: KubeApiserver, objects: KubeObjects, definitions: int
) -> Iterator[Acceptance]:
    namespace = "of-" + "".join(letter if letter.isalnum() else "-" for letter in request.param)
    with offered(RENDERINGS[request.param](namespace), apiserver, objects, namespace) as found:
        yield found


def test_every_object_is_accepted_by_server_side_dry_run_and_made(acceptance: Acceptance) -> None:
    assert acceptance.refused == {}
    assert acceptance.accepted != []


def test_nothing_is_warned_of_but_what_the_node_agent_needs_of_its_node(acceptance: Acceptance) -> None:
    assert acceptance.warnings.keys() - _agents(acceptance) == set()
    for text in (text for told in acceptance.warnings.values() for text in told):
        assert text.startswith(WOULD_VIOLATE)
        assert _without_details(text.removeprefix(WOULD_VIOLATE)) <= NEEDED


def test_where_restricted_is_enforced_all_pods_are_admitted_but_the_node_agents(acceptance: Acceptance) -> None:
    assert acceptance.pods_refused.keys() == _agents(acceptance)


def test_the_pod_watcher_alone_is_given_a_token(acceptance: Acceptance) -> None:
    assert {name for name, pod in acceptance.pods.items() if _has_token(pod)} == {
        name for name, pod in acceptance.pods.items() if _is_ours(pod, "pods")
    }


def _deployment(name: str, container: dict[str, Any], **pod: Any) -> KubeObject:
    labels = {"app": name}
    spec = {"containers": [{"name": "main", "image": "main:1", **container}], **pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }


def test_bad_samples_are_noticed(apiserver: KubeApiserver, objects: KubeObjects) -> None:
    doubled = {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}
    samples = [
        _deployment("unknown", {"comand": ["run"]}),
        _deployment("wrong", {"ports": [{"containerPort": 70000}]}),
        _deployment("doubled", doubled),
        _deployment("old", {}, nodeSelector={"beta.kubernetes.io/os": "linux"}),
        _deployment("rooted", {"securityContext": {"runAsUser": 0}}),
    ]
    with offered(samples, apiserver, objects, "of-bad-samples") as found:
        assert found.refused.keys() == {"Deployment/unknown", "Deployment/wrong", "Deployment/doubled"}
        assert "comand: field not declared in schema" in found.refused["Deployment/unknown"]
        assert 'use "kubernetes.io/os" instead' in str(found.warnings["Deployment/old"])
        assert "runAsUser=0" in found.pods_refused["Deployment/rooted"]


def _agents(acceptance: Acceptance) -> set[str]:
    return {named(each) for each in acceptance.accepted if each["kind"] == "DaemonSet" and _is_ours(each, "producer")}


def _without_details(violations: str) -> set[str]:
    """`a (details), b (details)` is a and b."""
    return set(re.sub(r" \([^()]*\)", "", violations).split(", "))


def _has_token(pod: KubeObject) -> bool:
    """Whether kubelet would mount a token, as the server's own admission has decided."""
    sources = [
        source for volume in pod["spec"].get("volumes", []) for source in volume.get("projected", {}).get("sources", [])
    ]
    return any("serviceAccountToken" in source for source in sources)


def _is_ours(wanted: KubeObject, component: str) -> bool:
    labels = wanted["metadata"].get("labels", {})
    return (labels.get("app.kubernetes.io/name"), labels.get("app.kubernetes.io/component")) == ("logferry", component)
