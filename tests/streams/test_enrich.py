"""A record says whose it is, by its path and by what is known of its pod."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.tags import tag_of
from streams.core.enrich import attributes_of, resource_of
from tests.schemas.examples import example
from tests.streams.source import SOURCE, File, chunk

CHUNK = chunk([File(1, 1, b"x\n")], 0, 0, 2, ended=False, first=True, run=1)
POD = {**example("pod"), "uid": "uid-1", "containers": [
    {"name": "app", "image": "app:1", "image_id": "sha:1", "container_id": "first", "restart": 0},
    {"name": "app", "image": "app:1", "image_id": "sha:1", "container_id": "second", "restart": 1},
    {"name": "side", "image": "side:7", "image_id": None, "container_id": "other", "restart": 1},
]}  # fmt: skip
PLAIN = {
    "namespace": "", "pod": "", "pod_uid": "", "name": "web", "id": "abc", "image": "nginx:1", "labels": {"a.b": "c"},
}  # fmt: skip
"""A container outside Kubernetes."""


@pytest.mark.parametrize(
    ("changes", "path", "tag"),
    [
        ({}, "/x/0.log", "kube.dev.shop-1.app"),
        ({"tag": "given"}, "/x/0.log", "given"),
        ({"container": None}, "/var/log/syslog", "host.syslog"),
        ({"container": None}, "/var/log/kern.log", "host.kern"),
        ({"container": None, "tag": "given"}, "/var/log/kern.log", "given"),
        ({"container": None, "tag": "host.kubelet"}, "", "host.kubelet"),
        ({"container": PLAIN}, "/var/lib/docker/containers/abc/abc-json.log", "docker.web"),
        ({"container": PLAIN, "tag": "given"}, "/x", "given"),
        ({"container": {**SOURCE["container"], "name": ""}}, "/x", "kube.dev.shop-1"),
    ],
)
def test_a_tag_is_given_or_follows_from_the_container_or_the_file(changes: dict[str, Any], path: str, tag: str) -> None:
    assert tag_of({**SOURCE, **changes}, path) == tag


def kubernetes(pods: dict[str, Any], **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = resource_of({**CHUNK, **changes}, "tag", pods)["kubernetes"]
    return found


def test_an_unknown_pod_leaves_what_the_path_told() -> None:
    assert kubernetes({}) == {
        "namespace": "dev", "pod": "shop-1", "pod_uid": "uid-1", "container": "app", "container_id": None, "restart": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("restart", "container_id"), [(0, "first"), (1, "second"), (7, "second")])
def test_a_known_pod_describes_the_container_of_the_same_restart_or_the_latest(restart: int, container_id: str) -> None:
    found = kubernetes({"uid-1": POD}, restart=restart)
    assert (found["container_id"], found["container_image"], found["resolved"]) == (container_id, "app:1", True)
    assert found["labels"] == POD["labels"]


def test_a_container_that_the_pod_does_not_list_has_its_labels_all_the_same() -> None:
    source = {**SOURCE, "container": {**SOURCE["container"], "name": "gone"}}
    found = kubernetes({"uid-1": POD}, source=source)
    assert (found["container_image"], found["labels"]) == (None, POD["labels"])


def test_a_source_of_no_pod_has_no_kubernetes() -> None:
    assert resource_of({**CHUNK, "source": {**SOURCE, "container": None}}, "tag", {})["kubernetes"] is None


def test_what_the_node_knows_of_a_container_stands_for_its_unknown_pod() -> None:
    source = {**SOURCE, "container": {**SOURCE["container"], "image": "app:0", "labels": {"app": "shop"}}}
    found = kubernetes({}, source=source)
    assert (found["container_image"], found["labels"], found.get("resolved", False)) == (
        "app:0",
        {"app": "shop"},
        False,
    )
    known = kubernetes({"uid-1": POD}, source=source)
    assert (known["container_image"], known["labels"]) == ("app:1", POD["labels"])


def test_a_container_that_the_pod_does_not_list_keeps_the_image_that_the_node_knows() -> None:
    source = {**SOURCE, "container": {**SOURCE["container"], "name": "gone", "image": "gone:2"}}
    assert kubernetes({"uid-1": POD}, source=source)["container_image"] == "gone:2"


def test_a_container_outside_kubernetes_is_told_by_attributes_and_is_no_pod() -> None:
    source = {**SOURCE, "container": PLAIN}
    assert resource_of({**CHUNK, "source": source}, "tag", {})["kubernetes"] is None
    assert attributes_of(source) == {
        "container.name": "web", "container.id": "abc", "container.image.name": "nginx:1", "container.label.a.b": "c",
    }  # fmt: skip
    assert attributes_of(SOURCE) is attributes_of({**SOURCE, "container": None}) is None
