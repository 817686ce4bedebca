"""The pod watcher in a real cluster as the chart deploys it: settings, account, rights, and all that goes wrong."""

import itertools
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.tcp_proxy import TcpProxy
from deploy.local.stack import Stack
from deploy.topics import apply_topics
from schemas.settings import Settings, parse_settings
from schemas.topics import topics_for
from tests.deploy.kubernetes.objects import containers, environment, of_kind, settings_text
from tests.producers.pods.mounted_account import MountedAccount
from tests.producers.pods.test_real_apiserver import create, delete
from tests.producers.pods.watching import Running, eventually, records
from tests.tools import helm
from tests.tools.kube_apiserver import KubeApiserver
from tests.tools.kube_objects import KubeObject, KubeObjects

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("definitions")]

OWN, SHOP = "watching", "watched-shop"
LEASE = {"duration_secs": 60, "renew_deadline_secs": 50, "retry_interval_secs": 0.5}
"""Kept while the API server starts anew: what is tested is one term."""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def rendered(
    stack: Stack, apiserver: KubeApiserver, objects: KubeObjects, definitions: int
) -> Iterator[list[KubeObject]]:
    """The chart with settings for this Kafka, made in the cluster."""
    settings = {"kafka": {"bootstrap_servers": stack.endpoints.bootstrap_servers}, "pods": {"lease": LEASE}}
    found = helm.template(helm.CHART, {"config": settings}, namespace=OWN)
    with apiserver.temporary(OWN), apiserver.temporary(SHOP), objects.made(found, OWN):
        yield found
        apiserver.ask("DELETE", f"/api/v1/namespaces/{SHOP}/pods", {"gracePeriodSeconds": 0})


@pytest.fixture
def network(apiserver: KubeApiserver) -> Iterator[TcpProxy]:
    """What is between the watcher and the API server."""
    with TcpProxy([("127.0.0.1", apiserver.port)]) as proxy:
        yield proxy


@pytest.fixture
def account(
    apiserver: KubeApiserver,
    rendered: list[KubeObject],
    network: TcpProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> MountedAccount:
    mounted = MountedAccount(apiserver, tmp_path, OWN, _pod(rendered)["serviceAccountName"])
    mounted.use(monkeypatch, network.ports[0])
    return mounted


@pytest.fixture
def settings(rendered: list[KubeObject], account: MountedAccount) -> Settings:
    """What the pod reads, with the variables that the chart gives it; topics of one test's own."""
    (deployment,) = [each for each in of_kind(rendered, "Deployment") if each["metadata"]["name"] == "logferry-pods"]
    text = settings_text(rendered, deployment["spec"]["template"])
    assert text is not None
    variables = environment(containers(deployment["spec"]["template"])[-1])
    own = {"LOGFERRY_TOPICS__PREFIX": f"watching{os.getpid()}x{next(_numbers)}."}
    found = parse_settings(text, "logferry.yaml", {**variables, **own})
    apply_topics(found.kafka, [each for each in topics_for(found) if each.name == found.topics.names.pods])
    return found


def _pod(rendered: list[KubeObject]) -> dict[str, Any]:
    (deployment,) = [each for each in of_kind(rendered, "Deployment") if each["metadata"]["name"] == "logferry-pods"]
    return dict(deployment["spec"]["template"]["spec"])


def _written(settings: Settings) -> dict[str, dict[str, Any]]:
    """The last record of each pod, by its name."""
    return {value["name"]: value for _, value in records(settings) if value}


def _errors(watcher: Running, kind: str) -> float:
    return watcher.figure("logferry_pods_errors_total", kind=kind)


def _told(caplog: pytest.LogCaptureFixture) -> str:
    """What an operator is told by ERROR."""
    return "\n".join(each.getMessage() for each in caplog.records if each.levelno == logging.ERROR)


def test_the_roles_of_the_chart_are_enough_for_all_that_it_does(apiserver: KubeApiserver, settings: Settings) -> None:
    create(apiserver, "before", SHOP)
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        create(apiserver, "after", SHOP)
        eventually(lambda: "after" in _written(settings))
        delete(apiserver, "before", SHOP)
        eventually(lambda: _written(settings)["before"]["deleted_at"] is not None)
        lease = apiserver.ask("GET", f"/apis/coordination.k8s.io/v1/namespaces/{OWN}/leases/logferry-pods")
        assert lease["spec"]["leaseDurationSeconds"] == 60
        assert lease["spec"]["holderIdentity"] != ""
        assert (_errors(watcher, "forbidden"), _errors(watcher, "unauthorized")) == (0, 0)
    lease = apiserver.ask("GET", f"/apis/coordination.k8s.io/v1/namespaces/{OWN}/leases/logferry-pods")
    assert "holderIdentity" not in lease["spec"]


def test_a_token_that_has_expired_is_an_error_until_there_is_a_new_one(
    settings: Settings, account: MountedAccount, caplog: pytest.LogCaptureFixture
) -> None:
    account.renew(secs=-60)
    with Running(settings) as watcher:
        eventually(lambda: "401 Unauthorized" in _told(caplog))
        assert _errors(watcher, "unauthorized") > 0
        assert not watcher.leads()
        account.renew()
        eventually(watcher.is_in_step)


def test_a_token_that_expires_at_work_is_replaced_by_the_one_in_the_file(
    apiserver: KubeApiserver, settings: Settings, account: MountedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.use(monkeypatch, apiserver.port)  # nothing between: a connection that is cut would be made with a new token
    account.renew(secs=6)
    until = time.monotonic() + 6
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        account.renew()  # the kubernetes package would look at the file a minute later
        time.sleep(max(0.0, until - time.monotonic()))
        apiserver.restart()  # which otherwise believes a token for 10 s without looking at it
        create(apiserver, "afterwards", SHOP)
        eventually(lambda: "afterwards" in _written(settings))
        assert _errors(watcher, "unauthorized") == 0


def test_nothing_is_missed_while_the_network_is_cut(
    apiserver: KubeApiserver, settings: Settings, network: TcpProxy
) -> None:
    create(apiserver, "goes", SHOP)
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        network.shut()
        create(apiserver, "comes", SHOP)
        delete(apiserver, "goes", SHOP)
        eventually(lambda: _errors(watcher, "unreachable") > 0)
        network.open()
        eventually(lambda: "comes" in _written(settings) and _written(settings)["goes"]["deleted_at"] is not None)
        eventually(watcher.leads)


def test_what_the_server_has_forgotten_is_listed_anew(
    apiserver: KubeApiserver, settings: Settings, network: TcpProxy
) -> None:
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        network.shut()
        create(apiserver, "meanwhile", SHOP)
        apiserver.restart()  # its memory of changes begins here
        network.open()
        eventually(lambda: "meanwhile" in _written(settings))
        assert watcher.figure("logferry_pods_lists_total", why="expired") >= 1


def test_a_role_that_is_taken_away_is_named_and_its_return_is_noticed(
    apiserver: KubeApiserver,
    objects: KubeObjects,
    rendered: list[KubeObject],
    settings: Settings,
    network: TcpProxy,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (binding,) = of_kind(rendered, "ClusterRoleBinding")
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        objects.delete(binding, OWN)
        try:
            network.shut()  # a watch that was allowed once goes on
            network.open()
            eventually(lambda: "403" in _told(caplog))
            assert _errors(watcher, "forbidden") > 0
        finally:
            objects.create(binding, OWN)
        for words in ('resources ["pods"]', f"system:serviceaccount:{OWN}:logferry-pods", "a ClusterRole"):
            assert words in _told(caplog)
        create(apiserver, "allowed-again", SHOP)
        eventually(lambda: "allowed-again" in _written(settings))
