"""Labels of pods that live for a moment, that share a name, or that nobody tells of: right or none, never wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.measure import scrape
from bench.pipeline import Pipeline
from bench.tasks import free_port
from deploy.demo.cri import label
from deploy.demo.logfile import ContainerLog
from tests.conftest import PipelineMaker
from tests.producers.pods.api_server import ApiServer
from tests.producers.pods.objects import pod

pytestmark = pytest.mark.timeout(180)

WAIT_SECS = 4.0
"""Longer than by default: the machine may be busy, and what comes within it must be waited for."""
LEASE = {"duration_secs": 3, "renew_deadline_secs": 2, "retry_interval_secs": 0.2}
Record = dict[str, Any]


class Cluster:
    """A node, the API that tells of its pods, and the stages between them and the routed topic."""

    def __init__(self, pipeline: Pipeline, api: ApiServer, folder: Path) -> None:
        self.pipeline = pipeline
        self.api = api
        self.port = free_port()
        text = pipeline.config.read_text()
        pods = {"pods": {"kubeconfig": str(api.kubeconfig(folder)), "lease": LEASE, "request_timeout_secs": 5}}
        pipeline.configure(text + yaml.safe_dump(pods))
        self._watcher: subprocess.Popen[bytes] | None = None
        pipeline.start("produce")
        pipeline.start("stream", metrics_port=self.port)
        self._until(lambda: "partitions assigned" in pipeline.log("stream"))

    def watch(self) -> None:
        """Start the pod watcher and wait until it watches."""
        with (self.pipeline.folder / "pods.log").open("ab") as log:
            self._watcher = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "pods", "--config", str(self.pipeline.config)],
                stdout=log,
                stderr=log,
                env=os.environ | {"LOGFERRY_METRICS__PORT": "0"},
            )
        self.api.wait_for_watch(40)

    def write(self, name: str, uid: str, *lines: str) -> None:
        """Lines of a container of a pod."""
        root = self.pipeline.node
        log = ContainerLog(root / f"var/log/pods/shop_{name}_{uid}/main/0.log")
        log.write_pieces([(label("stdout"), line.encode()) for line in lines], time.time_ns())
        log.close(time.time_ns())
        link = root / f"var/log/containers/{name}_shop_main-{uid.encode().hex():0>64}.log"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(log.path)

    def told(self, uid: str, app: str, name: str, *, is_deleted: bool = True) -> None:
        """The API tells of a pod, and of its deletion in the same moment."""
        self.api.set(pod(name, metadata={"name": name, "namespace": "shop", "uid": uid, "labels": {"app": app}}))
        if is_deleted:
            self.api.delete(uid)

    def wait_until_known(self, uid: str) -> None:
        """Wait until logs.pods has a pod, and a moment for the worker to read it."""
        self._until(lambda: any(each["uid"] == uid for each in self.pipeline.values("pods", "pod")))
        time.sleep(1)

    def records(self, *bodies: str, secs: float = 40.0) -> dict[str, Record]:
        """Records by body, once all of these are there, each once."""
        found: dict[str, Record] = {}

        def all_there() -> bool:
            values = list(self.pipeline.values("app", "log_record"))
            found.update({value["body"]: value for value in values})
            assert len(found) == len(values), "a record came twice"
            return set(bodies) <= set(found)

        self._until(all_there, secs)
        return found

    def unresolved(self) -> float:
        """What the worker counts."""
        return scrape(self.port).get("logferry_stream_unresolved_records_total", 0.0)

    def _until(self, good: Callable[[], bool], secs: float = 40.0) -> None:
        until = time.monotonic() + secs
        while not good():
            assert time.monotonic() < until, self.pipeline.tails()
            time.sleep(0.1)

    def end(self) -> None:
        """Stop the watcher."""
        if self._watcher is not None:
            self._watcher.send_signal(signal.SIGTERM)
            self._watcher.wait(20)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with ApiServer() as server:
        yield server


@pytest.fixture
def cluster(new_pipeline: PipelineMaker, api: ApiServer, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(new_pipeline(stream={"pod_wait_secs": WAIT_SECS}), api, tmp_path)
    yield made
    made.end()


def labels(record: Record) -> tuple[bool, dict[str, str]]:
    kubernetes = record["resource"]["kubernetes"]
    return kubernetes["resolved"], kubernetes["labels"]


def test_a_pod_that_lived_200_ms_has_its_labels_though_its_lines_came_first(cluster: Cluster) -> None:
    cluster.watch()
    for number, pause in enumerate((0.5, 1.0, 1.5)):
        cluster.write(f"job-{number}", f"uid-job-{number}", f"begun {number}", f"done {number}")
        time.sleep(pause)
        cluster.told(f"uid-job-{number}", f"app-{number}", f"job-{number}")
    bodies = [f"{word} {number}" for number in range(3) for word in ("begun", "done")]
    found = cluster.records(*bodies)
    assert {body: labels(found[body]) for body in bodies} == {
        body: (True, {"app": f"app-{body[-1]}"}) for body in bodies
    }
    assert cluster.unresolved() == 0


def test_a_name_that_is_used_again_never_gets_the_labels_of_the_pod_before(cluster: Cluster) -> None:
    cluster.watch()
    cluster.told("uid-old", "old", "cart")
    cluster.write("cart", "uid-old", "of the old one")
    cluster.write("cart", "uid-new", "of the new one")
    cluster.write("cart", "uid-never", "of one that nobody told of")
    time.sleep(1)
    cluster.told("uid-new", "new", "cart")
    found = cluster.records("of the old one", "of the new one", "of one that nobody told of")
    assert labels(found["of the old one"]) == (True, {"app": "old"})
    assert labels(found["of the new one"]) == (True, {"app": "new"})
    assert labels(found["of one that nobody told of"]) == (False, {})
    assert found["of one that nobody told of"]["resource"]["tag"] == "kube.shop.cart.main"
    assert cluster.unresolved() == 1


def test_while_no_api_answers_pods_wait_and_go_on_unresolved_and_no_other_source_waits_for_them(
    cluster: Cluster,
) -> None:
    cluster.watch()
    cluster.told("uid-known", "known", "known")
    cluster.write("known", "uid-known", "known first")
    cluster.records("known first")
    cluster.end()  # nobody tells of pods from now on
    began = time.monotonic()
    cluster.write("late", "uid-late", "late")
    cluster.write("known", "uid-known", *(f"known {number}" for number in range(5)))
    found = cluster.records(*(f"known {number}" for number in range(5)))
    assert "late" not in found
    assert time.monotonic() - began < WAIT_SECS
    late = cluster.records("late")["late"]
    assert time.monotonic() - began >= WAIT_SECS
    assert labels(late) == (False, {})
    assert cluster.unresolved() == 1
    cluster.watch()
    cluster.told("uid-late", "late", "late", is_deleted=False)
    cluster.wait_until_known("uid-late")
    cluster.write("late", "uid-late", "late again")
    assert labels(cluster.records("late again")["late again"]) == (True, {"app": "late"})
    assert cluster.unresolved() == 1
