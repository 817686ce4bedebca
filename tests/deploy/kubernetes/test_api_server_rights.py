"""What the service accounts of the chart can do in a real cluster, and that it is all they can do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.kubernetes.rights import Right, all_rights, is_allowed, rights
from tests.tools import helm
from tests.tools.kube_api import KubeApi
from tests.tools.kube_apiserver import KubeApiserver
from tests.tools.kube_objects import KubeObjects

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("definitions")]

RBAC = Path(__file__).parents[3] / "deploy/kubernetes/pods.rbac.yaml"
OWN, OTHER, THIRD = "rights", "rights-shop", "rights-bank"
APPS, BATCH, LEASES = "apps", "batch", "coordination.k8s.io"
RBAC_GROUP, REVIEWS = "rbac.authorization.k8s.io", "authorization.k8s.io"

CAN = [
    (Right("list", "", "pods"), ""),
    (Right("watch", "", "pods"), ""),
    (Right("list", "", "pods"), OTHER),
    (Right("get", APPS, "replicasets"), ""),
    (Right("list", APPS, "replicasets"), ""),
    (Right("get", BATCH, "jobs"), ""),
    (Right("list", BATCH, "jobs"), ""),
    (Right("get", LEASES, "leases", "logferry-pods"), OWN),
    (Right("update", LEASES, "leases", "logferry-pods"), OWN),
    (Right("create", LEASES, "leases"), OWN),
]
CANNOT = [
    (Right("get", "", "pods", "web-1"), OTHER),
    (Right("create", "", "pods"), OWN),
    (Right("delete", "", "pods"), OTHER),
    (Right("patch", "", "pods"), OTHER),
    (Right("get", "", "pods/log"), OTHER),
    (Right("create", "", "pods/exec"), OTHER),
    (Right("get", "", "pods/exec"), OTHER),
    (Right("create", "", "pods/attach"), OTHER),
    (Right("create", "", "pods/portforward"), OTHER),
    (Right("update", "", "pods/ephemeralcontainers"), OTHER),
    (Right("create", "", "pods/eviction"), OTHER),
    (Right("get", "", "secrets"), OWN),
    (Right("list", "", "secrets"), ""),
    (Right("watch", "", "secrets"), ""),
    (Right("get", "", "configmaps"), OWN),
    (Right("list", "", "configmaps"), ""),
    (Right("list", "", "nodes"), ""),
    (Right("get", "", "nodes/proxy"), ""),
    (Right("get", "", "nodes/log"), ""),
    (Right("list", "", "namespaces"), ""),
    (Right("list", "", "services"), ""),
    (Right("list", "", "events"), ""),
    (Right("list", "", "serviceaccounts"), OWN),
    (Right("create", "", "serviceaccounts/token"), OWN),
    (Right("impersonate", "", "serviceaccounts"), OWN),
    (Right("impersonate", "", "users"), ""),
    (Right("watch", APPS, "replicasets"), ""),
    (Right("update", APPS, "replicasets"), OTHER),
    (Right("list", APPS, "deployments"), ""),
    (Right("patch", APPS, "deployments"), OWN),
    (Right("patch", APPS, "daemonsets"), OWN),
    (Right("watch", BATCH, "jobs"), ""),
    (Right("create", BATCH, "jobs"), OWN),
    (Right("list", BATCH, "cronjobs"), ""),
    (Right("get", LEASES, "leases", "logferry-pods"), OTHER),
    (Right("update", LEASES, "leases", "logferry-pods"), OTHER),
    (Right("create", LEASES, "leases"), OTHER),
    (Right("get", LEASES, "leases", "kube-scheduler"), "kube-system"),
    (Right("update", LEASES, "leases", "kube-controller-manager"), "kube-system"),
    (Right("get", LEASES, "leases", "another"), OWN),
    (Right("update", LEASES, "leases", "another"), OWN),
    (Right("list", LEASES, "leases"), OWN),
    (Right("watch", LEASES, "leases"), OWN),
    (Right("delete", LEASES, "leases", "logferry-pods"), OWN),
    (Right("patch", LEASES, "leases", "logferry-pods"), OWN),
    (Right("bind", RBAC_GROUP, "clusterroles"), ""),
    (Right("escalate", RBAC_GROUP, "clusterroles"), ""),
    (Right("create", RBAC_GROUP, "clusterrolebindings"), ""),
    (Right("create", RBAC_GROUP, "rolebindings"), OWN),
    (Right("list", RBAC_GROUP, "roles"), OWN),
    (Right("create", REVIEWS, "subjectaccessreviews"), ""),
    (Right("list", "apiextensions.k8s.io", "customresourcedefinitions"), ""),
    (Right("create", "certificates.k8s.io", "certificatesigningrequests"), ""),
    (Right("*", "*", "*"), ""),
]
CLUSTER_WIDE = {
    Right("list", "", "pods"),
    Right("watch", "", "pods"),
    *(Right(verb, group, kind) for verb in ("get", "list") for group, kind in ((APPS, "replicasets"), (BATCH, "jobs"))),
}
SINKS = {
    "config": {"sinks": {"search": {"type": "elasticsearch", "topics": ["logs.app"], "hosts": ["http://es:9200"]}}}
}


@pytest.fixture(scope="module")
def installed(apiserver: KubeApiserver, objects: KubeObjects, definitions: int) -> Iterator[list[dict[str, Any]]]:
    rendered = helm.template(helm.CHART, SINKS, namespace=OWN)
    with apiserver.temporary(OWN), apiserver.temporary(OTHER), objects.made(rendered, OWN):
        yield rendered


@pytest.fixture(scope="module")
def watcher(apiserver: KubeApiserver, installed: list[dict[str, Any]]) -> Iterator[KubeApi]:
    api = apiserver.account(OWN, "logferry-pods")
    yield api
    api.close()


@pytest.fixture(scope="module")
def nobody(apiserver: KubeApiserver, installed: list[dict[str, Any]]) -> Iterator[KubeApi]:
    """An account of which no role knows: what the cluster gives to everybody."""
    api = apiserver.account(OWN, "default")
    yield api
    api.close()


@pytest.mark.parametrize(("right", "namespace"), CAN)
def test_the_pod_watcher_can(watcher: KubeApi, right: Right, namespace: str) -> None:
    assert is_allowed(watcher, right, namespace)


@pytest.mark.parametrize(("right", "namespace"), CANNOT)
def test_the_pod_watcher_cannot(watcher: KubeApi, right: Right, namespace: str) -> None:
    assert not is_allowed(watcher, right, namespace)


@pytest.mark.parametrize(("namespace", "here"), [(OWN, True), (OTHER, False), ("kube-system", False)])
def test_the_pod_watcher_can_nothing_beyond_the_published_roles(
    watcher: KubeApi, nobody: KubeApi, namespace: str, here: bool
) -> None:
    roles = [each for each in yaml.safe_load_all(RBAC.read_text()) if "rules" in each]
    published = {each["kind"]: rights(each["rules"]) for each in roles}
    assert published["ClusterRole"] == CLUSTER_WIDE
    wanted = published["ClusterRole"] | (published["Role"] if here else set())
    assert all_rights(watcher, namespace) - all_rights(nobody, namespace) == wanted


def test_all_other_accounts_can_what_everybody_can(
    apiserver: KubeApiserver, installed: list[dict[str, Any]], nobody: KubeApi
) -> None:
    accounts = {each["metadata"]["name"] for each in installed if each["kind"] == "ServiceAccount"}
    others = accounts - {"logferry-pods"}
    assert others == {f"logferry-{component}" for component in ("producer", "streams", "sink", "topics")}
    for name in others:
        api = apiserver.account(OWN, name)
        for namespace in (OWN, OTHER, "kube-system"):
            assert all_rights(api, namespace) == all_rights(nobody, namespace)
        api.close()


REQUESTS = [
    ("GET", "/api/v1/pods", None, 200),
    ("GET", f"/apis/apps/v1/namespaces/{OTHER}/replicasets", None, 200),
    ("GET", "/api/v1/secrets", None, 403),
    ("GET", f"/api/v1/namespaces/{OWN}/configmaps/logferry", None, 403),
    ("GET", "/api/v1/nodes", None, 403),
    ("GET", f"/api/v1/namespaces/{OTHER}/pods/web-1/log", None, 403),
    ("POST", f"/api/v1/namespaces/{OTHER}/pods/web-1/exec?command=id", None, 403),
    ("POST", f"/api/v1/namespaces/{OWN}/pods", {"metadata": {"name": "x"}}, 403),
    ("POST", f"/api/v1/namespaces/{OWN}/serviceaccounts/logferry-pods/token", {"spec": {}}, 403),
    ("DELETE", f"/api/v1/namespaces/{OTHER}/pods/web-1", None, 403),
    ("GET", f"/apis/coordination.k8s.io/v1/namespaces/{OWN}/leases", None, 403),
    ("POST", f"/apis/coordination.k8s.io/v1/namespaces/{OTHER}/leases", {"metadata": {"name": "x"}}, 403),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REQUESTS)
def test_real_requests_of_the_pod_watcher_meet_the_same(
    watcher: KubeApi, method: str, path: str, body: Any, status: int
) -> None:
    assert watcher.status(method, path, body) == status


@pytest.mark.parametrize(("method", "path", "body", "_status"), REQUESTS)
def test_every_other_account_is_refused_all_of_them(
    apiserver: KubeApiserver, installed: list[dict[str, Any]], method: str, path: str, body: Any, _status: int
) -> None:
    for component in ("producer", "streams", "sink", "topics"):
        api = apiserver.account(OWN, f"logferry-{component}")
        assert api.status(method, path, body) == 403
        api.close()


def test_namespaces_by_name_take_roles_in_them_and_give_nothing_elsewhere(
    apiserver: KubeApiserver, objects: KubeObjects, nobody: KubeApi
) -> None:
    rendered = helm.template(
        helm.CHART, {"config": {"pods": {"namespaces": [OTHER]}}}, release="named", namespace=THIRD
    )
    assert not [each for each in rendered if each["kind"].startswith("ClusterRole")]
    (account,) = [
        each["metadata"]["name"]
        for each in rendered
        if each["kind"] == "ServiceAccount" and each["metadata"]["name"].endswith("-pods")
    ]
    with apiserver.temporary(THIRD), objects.made(rendered, THIRD):
        api = apiserver.account(THIRD, account)
        beyond = {each: all_rights(api, each) - all_rights(nobody, each) for each in (OTHER, OWN, "kube-system", THIRD)}
        api.close()
    assert beyond[OTHER] == CLUSTER_WIDE
    assert beyond[OWN] == beyond["kube-system"] == set()
    assert {right.resource for right in beyond[THIRD]} == {"leases"}
