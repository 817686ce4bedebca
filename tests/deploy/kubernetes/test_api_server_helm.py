"""Helm on a real API server, in the hands of the account of deploy/kubernetes/installer.rbac.yaml."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.kubernetes.helm_user import HelmUser
from tests.tools.kube_apiserver import KubeApiserver
from tests.tools.kube_objects import KubeObjects

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("definitions")]

INSTALLER = Path(__file__).parents[3] / "deploy/kubernetes/installer.rbac.yaml"
NAMESPACE = "logging"
PRIORITY, ANOTHER_PRIORITY = "logging-logferry-producer-1000000000", "logging-logferry-producer-900000000"
COLLECTIONS = (
    f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets",
    f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments",
    f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs",
    f"/api/v1/namespaces/{NAMESPACE}/configmaps",
    f"/api/v1/namespaces/{NAMESPACE}/secrets",
    f"/api/v1/namespaces/{NAMESPACE}/services",
    f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts",
    f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims",
    f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets",
    f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies",
    f"/apis/keda.sh/v1alpha1/namespaces/{NAMESPACE}/scaledobjects",
    f"/apis/monitoring.coreos.com/v1/namespaces/{NAMESPACE}/servicemonitors",
    f"/apis/monitoring.coreos.com/v1/namespaces/{NAMESPACE}/prometheusrules",
    f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles",
    f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
)
WORKLOADS = {"producer", "pods", "streams", "sink-search", "sink-archive"}

FIRST: dict[str, Any] = {
    "config": {
        "kafka": {"bootstrap_servers": "kafka:9092"},
        "inputs": {"containers": {"type": "container_files", "path": "/var/log/containers/*.log"}},
        "routes": [{"match": "**", "topic": "logs.app"}],
        "severity": [{"match": "**", "minimum": "info"}],
        "sinks": {
            "search": {"type": "elasticsearch", "topics": ["logs.app"], "hosts": ["http://elasticsearch:9200"]},
            "archive": {"type": "object_storage", "topics": ["logs.app"], "url": "s3://logs/archive"},
        },
    }
}


CHANGES: list[tuple[str, Any, set[str]]] = [
    ("config/sinks/search/hosts", ["http://another:9200"], {"sink-search"}),
    ("config/severity", [{"match": "**", "minimum": "warn"}], {"streams"}),
    ("config/pods", {"page_size": 100}, {"pods"}),
    ("config/inputs/system", {"type": "files", "path": "/var/log/*.log", "tag": "host"}, {"producer"}),
    ("config/kafka/bootstrap_servers", "another:9092", WORKLOADS),
]
"""Where, the new value, and the workloads that it concerns."""


def changed(values: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """The same with another value at that place: `config/sinks/search/hosts`."""
    found = within = copy.deepcopy(values)
    *folders, last = place.split("/")
    for folder in folders:
        within = within.setdefault(folder, {})
    within[last] = value
    return found


class Release:
    """A release and what of it is in the cluster."""

    def __init__(self, helm: HelmUser, objects: KubeObjects) -> None:
        self.helm = helm
        self._objects = objects

    def there(self) -> set[str]:
        """Names of everything in the collections that may be the release's, but of Helm's own notes."""
        found = set()
        for collection in COLLECTIONS:
            for each in self._objects.api.ask("GET", collection)["items"]:
                found.add(f"{collection.rsplit('/', 1)[1]}/{each['metadata']['name']}")
        return {each for each in found if not each.startswith("secrets/sh.helm.release.v1.")}

    def workloads(self) -> dict[str, dict[str, Any]]:
        """Deployments and the DaemonSet by the end of their names."""
        items = [each for path in COLLECTIONS[:2] for each in self._objects.api.ask("GET", path)["items"]]
        return {each["metadata"]["name"].removeprefix("logferry-"): each for each in items}

    def generations(self) -> dict[str, int]:
        """These rise with every change of what a workload shall be, and with nothing else."""
        return {name: each["metadata"]["generation"] for name, each in self.workloads().items()}

    def jobs(self) -> set[str]:
        return {each["metadata"]["name"] for each in self._objects.api.ask("GET", COLLECTIONS[2])["items"]}


@pytest.fixture(scope="module")
def outset(
    apiserver: KubeApiserver, objects: KubeObjects, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Release]:
    """A cluster with the namespace and the installer; at the end nothing is left of the release."""
    account, *roles = yaml.safe_load_all(INSTALLER.read_text().replace(PRIORITY, f"{PRIORITY}, {ANOTHER_PRIORITY}"))
    folder = tmp_path_factory.mktemp("helm")
    with apiserver.temporary(NAMESPACE), objects.made([account, *roles], NAMESPACE):
        release = Release(HelmUser(apiserver, folder, NAMESPACE, account["metadata"]["name"]), objects)
        before = release.there()
        yield release
        if release.helm.revision():
            release.helm.uninstall()
        assert release.there() == before


@pytest.fixture
def release(outset: Release) -> Release:
    outset.helm.upgrade(FIRST)
    return outset


def test_a_change_of_settings_rolls_what_it_concerns_and_nothing_else(release: Release) -> None:
    values = FIRST
    for place, value, concerned in CHANGES:
        before = release.generations()
        values = changed(values, place, value)
        release.helm.upgrade(values)
        risen = {name for name, generation in release.generations().items() if generation > before[name]}
        assert (place, risen) == (place, concerned)


def test_an_upgrade_that_changes_nothing_rolls_nothing(release: Release) -> None:
    before, jobs = release.generations(), release.jobs()
    assert before.keys() == WORKLOADS
    release.helm.upgrade(FIRST)
    assert (release.generations(), release.jobs()) == (before, jobs)


def test_what_kubernetes_lets_nobody_change_is_made_anew(release: Release) -> None:
    jobs = release.jobs()
    values = changed(FIRST, "config/topics/partitions", 12)
    values["image"] = {"tag": "2.0.0"}
    values["commonLabels"] = {"team": "platform"}
    values["producer"] = {"priorityClass": {"value": 900000000}}
    release.helm.upgrade(values)
    assert len(jobs) == len(release.jobs()) == 1
    assert jobs != release.jobs()
    labels = {each["spec"]["template"]["metadata"]["labels"]["team"] for each in release.workloads().values()}
    assert labels == {"platform"}
    classes = {each for each in release.there() if each.startswith("priorityclasses/logging-")}
    assert classes == {f"priorityclasses/{ANOTHER_PRIORITY}"}


def test_a_sink_that_comes_and_one_that_goes_leave_the_others_alone(release: Release) -> None:
    before = release.generations()
    values = changed(FIRST, "config/sinks/errors", {"type": "stdout", "topics": ["logs.app"]})
    del values["config"]["sinks"]["archive"]
    release.helm.upgrade(values)
    after = release.generations()
    assert after.keys() == WORKLOADS - {"sink-archive"} | {"sink-errors"}
    assert {name: after[name] for name in before.keys() & after.keys()} == {
        name: before[name] for name in before.keys() & after.keys()
    }


def test_a_rollback_brings_back_every_workload_as_it_was(release: Release) -> None:
    before = {name: each["spec"] for name, each in release.workloads().items()}
    there, revision = release.there(), release.helm.revision()
    values = changed(FIRST, "config/sinks/search/hosts", ["http://another:9200"])
    del values["config"]["sinks"]["archive"]
    values["streams"] = {"replicas": 5}
    release.helm.upgrade(values)
    assert release.workloads()["streams"]["spec"]["replicas"] == 5
    release.helm.rollback(revision)
    assert {name: each["spec"] for name, each in release.workloads().items()} == before
    assert release.there() == there
    assert release.helm.revision() == revision + 2


def test_uninstall_leaves_what_was_written_and_nothing_else(outset: Release, objects: KubeObjects) -> None:
    if outset.helm.revision():
        outset.helm.uninstall()
    before = outset.there()
    files = {"type": "file", "topics": ["logs.app"], "path": "/var/log/out/{day}.log"}
    outset.helm.install(changed(FIRST, "config/sinks/files", files))
    assert len(outset.there() - before) > 15
    outset.helm.uninstall()
    assert outset.there() - before == {"persistentvolumeclaims/logferry-sink-files"}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "logferry-sink-files"}}
    objects.delete(claim, NAMESPACE)
    assert outset.there() == before
