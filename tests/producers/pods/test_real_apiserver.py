"""The same against a real kube-apiserver with RBAC as in deploy/kubernetes/pods.rbac.yaml."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.stack import Stack
from deploy.topics import apply_topics
from producers.core.pods.pod_scope import Scope
from producers.pods.cluster import Cluster, ClusterError
from producers.pods.watch import Complete, PageRead, PodWatch, Present, Trouble
from schemas.settings import PodsSettings, Settings
from schemas.topics import topics_for
from tests.producers.pods.mounted_account import MountedAccount
from tests.producers.pods.objects import controlled_by, pod, running
from tests.producers.pods.watching import Running, eventually, records
from tests.tools.kube_apiserver import KubeApiserver
from tests.tools.kube_objects import KubeObjects

pytestmark = pytest.mark.apiserver

RBAC = Path(__file__).parents[3] / "deploy/kubernetes/pods.rbac.yaml"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cluster(apiserver: KubeApiserver, objects: KubeObjects) -> Iterator[KubeApiserver]:
    nobody = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody"}}
    with ExitStack() as until:
        for namespace in ("logging", "shop", "bank"):
            until.enter_context(apiserver.temporary(namespace))
        until.enter_context(objects.made([*yaml.safe_load_all(RBAC.read_text()), nobody], "logging"))
        yield apiserver
        for namespace in ("shop", "bank"):
            apiserver.ask("DELETE", f"/api/v1/namespaces/{namespace}/pods", {"gracePeriodSeconds": 0})
        apiserver.ask("DELETE", "/apis/apps/v1/namespaces/shop/replicasets")
        for kind in ("roles", "rolebindings"):
            apiserver.ask("DELETE", f"/apis/rbac.authorization.k8s.io/v1/namespaces/bank/{kind}")


@pytest.fixture
def account(cluster: KubeApiserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MountedAccount:
    mounted = MountedAccount(cluster, tmp_path, "logging", "logferry-pods")
    mounted.use(monkeypatch, cluster.port)
    return mounted


@pytest.fixture
def new_settings(stack: Stack, account: MountedAccount) -> Callable[..., Settings]:
    prefix = f"real{os.getpid()}x{next(_numbers)}."

    def make(**changes: Any) -> Settings:
        kafka = {"bootstrap_servers": stack.endpoints.bootstrap_servers}
        settings = Settings.model_validate({"kafka": kafka, "topics": {"prefix": prefix}, "pods": changes})
        apply_topics(settings.kafka, [each for each in topics_for(settings) if each.name == settings.topics.names.pods])
        return settings

    return make


def create(cluster: KubeApiserver, name: str, namespace: str = "shop", **metadata: Any) -> str:
    """Make a pod that runs; returns its uid."""
    made = pod(name, namespace=namespace, metadata=metadata)
    status = made.pop("status")
    made["metadata"].pop("uid")
    path = f"/api/v1/namespaces/{namespace}/pods"
    told = cluster.ask("POST", path, made)
    cluster.ask("PATCH", f"{path}/{name}/status", {"status": status}, "application/merge-patch+json")
    return str(told["metadata"]["uid"])


def delete(cluster: KubeApiserver, name: str, namespace: str = "shop") -> None:
    cluster.ask("DELETE", f"/api/v1/namespaces/{namespace}/pods/{name}", {"gracePeriodSeconds": 0})


def replica_set(cluster: KubeApiserver, name: str, deployment: str) -> list[dict[str, Any]]:
    """Make a ReplicaSet of a Deployment; returns what its pods refer to."""
    labels = {"app": name}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "nginx:1"}]}},
    }
    metadata = {"name": name, "ownerReferences": controlled_by("Deployment", deployment, "apps/v1")}
    told = cluster.ask("POST", "/apis/apps/v1/namespaces/shop/replicasets", {"metadata": metadata, "spec": spec})
    return [{**controlled_by("ReplicaSet", name, "apps/v1")[0], "uid": told["metadata"]["uid"]}]


def test_a_service_account_with_our_role_can_do_all_of_it(
    cluster: KubeApiserver, new_settings: Callable[..., Settings]
) -> None:
    settings = new_settings(page_size=2)
    references = replica_set(cluster, "web-7d9", "web")
    uids = {name: create(cluster, name, ownerReferences=references) for name in ("web-1", "web-2", "web-3")}
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        uids["late"] = create(cluster, "late")
        restarted = {
            "containerStatuses": [
                running("main", 1, lastState={"terminated": {"containerID": "containerd://main-0", "exitCode": 1}})
            ]
        }
        path = "/api/v1/namespaces/shop/pods/web-1/status"
        cluster.ask("PATCH", path, {"status": restarted}, "application/merge-patch+json")
        delete(cluster, "web-2")
        eventually(lambda: watcher.figure("logferry_pods_deleted") == 1)
        eventually(lambda: watcher.figure("logferry_pods_known") == len(cluster.ask("GET", "/api/v1/pods")["items"]))
        lease = cluster.ask("GET", "/apis/coordination.k8s.io/v1/namespaces/logging/leases/logferry-pods")
        assert lease["spec"]["leaseDurationSeconds"] == 15
        assert watcher.figure("logferry_pods_errors_total", kind="forbidden") == 0
    last = dict(records(settings))
    assert set(uids.values()) <= set(last)
    web = last[uids["web-1"]]
    assert web is not None
    assert [owner["kind"] for owner in web["owners"]] == ["ReplicaSet", "Deployment"]
    assert [(life["restart"], life["container_id"]) for life in web["containers"]] == [(0, "main-0"), (1, "main-1")]
    gone = last[uids["web-2"]]
    assert gone is not None
    assert abs(gone["deleted_at"] - time.time_ns()) < 60e9
    lease = cluster.ask("GET", "/apis/coordination.k8s.io/v1/namespaces/logging/leases/logferry-pods")
    assert "holderIdentity" not in lease["spec"]  # released when the watcher ended


def test_the_lease_passes_from_one_watcher_to_the_other(
    cluster: KubeApiserver, new_settings: Callable[..., Settings]
) -> None:
    settings = new_settings(lease={"duration_secs": 4, "renew_deadline_secs": 3, "retry_interval_secs": 0.5})
    with Running(settings) as first:
        eventually(first.is_in_step)
        with Running(settings) as second:
            first.stop.set()
            eventually(second.is_in_step)
            create(cluster, "handed-over")
            eventually(lambda: any(value and value["name"] == "handed-over" for _, value in records(settings)))
    names = [value["name"] for _, value in records(settings) if value and value["name"] != "handed-over"]
    assert len(names) == len(set(names)) > 0


def test_one_namespace_needs_a_role_in_it_only(cluster: KubeApiserver, account: MountedAccount) -> None:
    account.write(cluster.token("logging", "nobody"))
    reader = Cluster(PodsSettings())
    role = "/apis/rbac.authorization.k8s.io/v1/namespaces/bank"
    with pytest.raises(ClusterError) as refused:
        reader.pods(Scope("bank"), "")
    assert refused.value.kind == "forbidden"
    for words in ("system:serviceaccount:logging:nobody", "a Role in namespace bank", 'resources ["pods"]'):
        assert words in refused.value.remedy
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}]
    cluster.ask("POST", f"{role}/roles", {"metadata": {"name": "reader"}, "rules": rules})
    binding = {
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "nobody", "namespace": "logging"}],
    }
    cluster.ask("POST", f"{role}/rolebindings", binding)
    eventually(lambda: _allowed(reader))
    reader.close()


def _allowed(reader: Cluster) -> bool:
    try:
        return reader.pods(Scope("bank"), "").items == []
    except ClusterError:
        return False


def test_a_token_that_is_replaced_is_read_anew(cluster: KubeApiserver, account: MountedAccount) -> None:
    reader = Cluster(PodsSettings())
    assert reader.pods(Scope("bank"), "").rest == ""
    reader.close()
    account.renew(secs=-60)
    with pytest.raises(ClusterError) as refused:
        reader.pods(Scope("bank"), "")
    assert refused.value.kind == "unauthorized"
    account.write(cluster.token("logging", "logferry-pods"))
    assert reader.pods(Scope("bank"), "").rest == ""  # although the package reads the file once a minute only
    reader.close()


def test_a_page_that_expired_is_known_as_such(cluster: KubeApiserver, account: MountedAccount) -> None:
    for number in range(3):
        create(cluster, f"paged-{number}", "bank")
    reader = Cluster(PodsSettings(page_size=1))
    first = reader.pods(Scope("bank"), "")

    def is_expired() -> bool:
        delete(cluster, "paged-2", "bank")  # compaction needs something to forget
        create(cluster, "paged-2", "bank")
        try:
            reader.pods(Scope("bank"), first.rest)
        except ClusterError as error:
            return error.kind == "expired"
        return False

    eventually(is_expired)
    reader.close()


def test_a_watch_over_tls_is_stopped_at_once_and_told_of_quiet_times(
    cluster: KubeApiserver, account: MountedAccount
) -> None:
    news: list[Any] = []
    watch = PodWatch(PodsSettings(), Scope("shop"), news.append)
    watch.start()
    eventually(lambda: any(isinstance(each, Complete) for each in news))
    create(cluster, "seen")
    eventually(lambda: any(isinstance(each, Present) and each.pod["metadata"]["name"] == "seen" for each in news))
    began = time.monotonic()
    watch.stop()
    watch.join(20)
    assert (watch.is_alive(), time.monotonic() - began < 2.0) == (False, True)


def _names(news: list[Any]) -> set[str]:
    """The pods that a watch told of."""
    pods = [each.pod for each in news if isinstance(each, Present)]
    pods += [pod for each in news if isinstance(each, PageRead) for pod in each.pods]
    return {pod["metadata"]["name"] for pod in pods}


def test_an_api_server_that_starts_anew_loses_no_change_of_a_pod(
    cluster: KubeApiserver, account: MountedAccount
) -> None:
    news: list[Any] = []
    watch = PodWatch(PodsSettings(), Scope("shop"), news.append)
    watch.start()
    eventually(lambda: any(isinstance(each, Complete) for each in news))
    cluster.restart()
    create(cluster, "after-restart")
    eventually(lambda: "after-restart" in _names(news))  # by the watch, or by a new list: its version may be forgotten
    assert any(isinstance(each, Trouble) and each.error.kind == "unreachable" for each in news)
    watch.stop()
    watch.join(20)
    assert not watch.is_alive()


def test_a_version_from_before_the_servers_memory_leads_to_a_new_list(
    cluster: KubeApiserver, account: MountedAccount
) -> None:
    cluster.restart()
    news: list[Any] = []
    watch = PodWatch(PodsSettings(), Scope("bank"), news.append)
    watch._version, watch._next_list = "1", time.monotonic() + 3600
    watch.start()
    eventually(lambda: any(isinstance(each, Complete) for each in news))
    assert next(each.why for each in news if isinstance(each, Complete)) == "expired"
    watch.stop()
    watch.join(20)
    assert not watch.is_alive()
