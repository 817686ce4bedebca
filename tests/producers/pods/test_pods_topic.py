"""From the API server, over HTTP, to a real Kafka's `logs.pods`, and what streams make of it."""

import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from schemas.codec import Codec
from streams.pods import PodTable
from tests.producers.pods.api_server import ApiServer
from tests.producers.pods.conftest import NewSettings
from tests.producers.pods.objects import controlled_by, pod, running
from tests.producers.pods.watching import Running, eventually, records


@pytest.fixture
def table(new_settings: NewSettings) -> Iterator[PodTable]:
    settings = new_settings()
    table = PodTable(settings.kafka, settings.topics.names.pods)
    yield table
    table.close()


def test_streams_know_the_pods_of_the_cluster(api: ApiServer, new_settings: NewSettings, table: PodTable) -> None:
    api.owners["replicasets"]["shop/web-7d9"] = {
        "metadata": {"uid": "uid-web-7d9", "ownerReferences": controlled_by("Deployment", "web", "apps/v1")}
    }
    noise = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "shop"}
    references = controlled_by("ReplicaSet", "web-7d9", "apps/v1")
    api.set(pod("web", metadata={"labels": {"app": "web"}, "annotations": noise, "ownerReferences": references}))
    with Running(new_settings()) as watcher:
        eventually(watcher.is_in_step)
        api.set(pod("late"))
        eventually(lambda: watcher.figure("logferry_pods_known") == 2)
    table.load(20)
    assert sorted(table.pods) == ["uid-late", "uid-web"]
    found = table.pods["uid-web"]
    assert (found["namespace"], found["name"], found["node"]) == ("shop", "web", "node-1")
    assert (found["labels"], found["annotations"]) == ({"app": "web"}, {"team": "shop"})
    assert [owner["kind"] for owner in found["owners"]] == ["ReplicaSet", "Deployment"]
    assert found["containers"] == [
        {
            "name": "main",
            "image": "docker.io/library/nginx:1",
            "image_id": "docker.io/library/nginx@sha256:aa",
            "container_id": "main-0",
            "restart": 0,
        }
    ]
    asked = dict(zip((verb for verb, _, _ in api.requests), api.accepts, strict=True))
    assert "as=PartialObjectMetadata;" in asked["get replicasets"]


def test_what_the_topic_says_already_is_not_written_again(api: ApiServer, new_settings: NewSettings) -> None:
    settings = new_settings(resync_interval_secs=1)
    for name in ("a", "b"):
        api.set(pod(name))
    for _ in range(2):
        with Running(settings) as watcher:
            eventually(lambda: watcher.figure("logferry_pods_lists_total", why="resync") >= 1)
            api.set(pod("a"))  # a new version in which nothing that is kept differs
            listed = watcher.figure("logferry_pods_lists_total", why="resync")
            eventually(lambda at=listed: watcher.figure("logferry_pods_lists_total", why="resync") >= at + 2)
    assert [uid for uid, _ in records(settings)] == ["uid-a", "uid-b"]


def test_a_deleted_pod_is_marked_at_once_and_gets_its_tombstone_later(
    api: ApiServer, new_settings: NewSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.pods.term.TIDY_SECS", 0.2)
    settings = new_settings(keep_deleted_secs=1.5)
    api.set(pod("a"))
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        api.delete("uid-a")
        eventually(lambda: watcher.figure("logferry_pods_written_records_total", change="removed") == 1)
    (_, alive), (_, deleted), (_, nothing) = records(settings)
    assert alive is not None
    assert deleted == alive | {"deleted_at": deleted["deleted_at"], "observed_at": deleted["observed_at"]}
    assert abs(deleted["deleted_at"] - time.time_ns()) < 60e9
    assert nothing is None


def test_a_pod_that_vanished_while_nobody_watched_is_marked_when_the_next_watcher_lists(
    api: ApiServer, new_settings: NewSettings
) -> None:
    settings = new_settings()
    api.set(pod("a"))
    api.set(pod("b"))
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
    api.delete("uid-a", silently=True)
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
    last = dict(records(settings))
    assert [last[uid] is not None and last[uid]["deleted_at"] is None for uid in ("uid-a", "uid-b")] == [False, True]


def test_a_pod_of_another_namespace_than_those_watched_is_left_alone(api: ApiServer, new_settings: NewSettings) -> None:
    api.set(pod("a", namespace="one"))
    api.set(pod("b", namespace="two"))
    settings = new_settings()
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
    before = records(settings)
    api.delete("uid-a", silently=True)
    api.delete("uid-b", silently=True)
    with Running(new_settings(namespaces=["two", "three"])) as watcher:
        eventually(watcher.is_in_step)
    ((uid, value),) = records(settings)[len(before) :]
    assert (uid, value is not None and value["deleted_at"] is not None) == ("uid-b", True)


def test_restarts_before_the_one_that_the_api_tells_of_stay_known(api: ApiServer, new_settings: NewSettings) -> None:
    settings = new_settings(restarts_max=3)
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        for restart in range(5):
            ended = {"terminated": {"containerID": f"containerd://main-{restart - 1}"}} if restart else {}
            api.set(pod("a", status={"containerStatuses": [running("main", restart, lastState=ended)]}))
            eventually(lambda at=restart: sum(_written(watcher).values()) > at)
    _, value = records(settings)[-1]
    assert value is not None
    lives = [(life["restart"], life["container_id"], life["image_id"] is None) for life in value["containers"]]
    assert lives == [(2, "main-2", False), (3, "main-3", False), (4, "main-4", False)]


def _written(watcher: Running) -> dict[str, float]:
    changes = ("added", "changed", "deleted", "removed", "repaired")
    return {each: watcher.figure("logferry_pods_written_records_total", change=each) for each in changes}


def test_what_another_watcher_wrote_late_is_put_right(
    api: ApiServer, new_settings: NewSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.pods.term.TIDY_SECS", 0.2)
    monkeypatch.setattr("producers.pods.term.FOLLOW_SECS", 0.2)
    settings = new_settings()
    api.set(pod("a"))
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        eventually(lambda: len(records(settings)) == 1)
        ((uid, right),) = records(settings)
        assert right is not None
        late = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers})
        late.produce(settings.topics.names.pods, Codec("pod").encode(right | {"name": "stale"}), uid)
        assert late.flush(20) == 0
        eventually(lambda: watcher.figure("logferry_pods_written_records_total", change="repaired") == 1)
    assert [value["name"] for _, value in records(settings) if value] == ["a", "stale", "a"]
    assert records(settings)[-1] == (uid, right)


def test_owners_that_may_not_be_asked_for_do_not_keep_pods_back(api: ApiServer, new_settings: NewSettings) -> None:
    api.forbidden = {("get", "replicasets"), ("list", "replicasets")}
    for number in range(25):
        references = controlled_by("ReplicaSet", f"set{number}", "apps/v1")
        api.set(pod(f"p{number}", metadata={"ownerReferences": references}))
    settings = new_settings()
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        assert watcher.figure("logferry_pods_errors_total", kind="forbidden") == 1
    assert {value["owners"][0]["kind"] for _, value in records(settings) if value} == {"ReplicaSet"}


def test_many_owners_are_listed_rather_than_asked_for_one_by_one(api: ApiServer, new_settings: NewSettings) -> None:
    for number in range(25):
        api.set(pod(f"p{number}", metadata={"ownerReferences": controlled_by("Job", f"job{number}", "batch/v1")}))
        metadata = {"uid": f"uid-job{number}", "namespace": "shop"}
        owner = controlled_by("CronJob", "nightly", "batch/v1")
        api.owners["jobs"][f"shop/job{number}"] = {"metadata": metadata | {"ownerReferences": owner}}
    settings = new_settings(page_size=20, namespaces=["shop"])
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
    asked = api.counted()
    assert (asked["list jobs"], asked["get jobs"]) == (2, 5)  # the first page of 20 pods; then 5 are few
    assert {tuple(each["kind"] for each in value["owners"]) for _, value in records(settings) if value} == {
        ("Job", "CronJob")
    }
