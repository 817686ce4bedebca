"""A container of Docker is told by its configuration, whatever that holds."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from producers.core.files.docker_config import docker_container
from schemas.codec import Codec
from schemas.raw_chunk import encode_chunk

ID = "ab" * 32
KUBERNETES = {
    "io.kubernetes.pod.namespace": "dev",
    "io.kubernetes.pod.name": "shop-0",
    "io.kubernetes.pod.uid": "uid-1",
    "io.kubernetes.container.name": "app",
}


def test_a_container_has_its_name_image_and_labels() -> None:
    config = {"Name": "/web", "Config": {"Image": "nginx:1", "Labels": {"team": "shop"}}}
    assert docker_container(ID, config) == {
        "namespace": "", "pod": "", "pod_uid": "", "name": "web", "id": ID, "image": "nginx:1",
        "labels": {"team": "shop"},
    }  # fmt: skip


def test_a_container_of_a_pod_is_told_by_its_labels() -> None:
    found = docker_container(ID, {"Name": "/k8s_app_shop-0_dev_uid-1_0", "Config": {"Labels": KUBERNETES}})
    assert {key: found[key] for key in ("namespace", "pod", "pod_uid", "name")} == {
        "namespace": "dev", "pod": "shop-0", "pod_uid": "uid-1", "name": "app",
    }  # fmt: skip


def test_some_of_the_labels_of_a_pod_are_not_enough() -> None:
    labels = {key: value for key, value in KUBERNETES.items() if not key.endswith("uid")}
    found = docker_container(ID, {"Name": "/web", "Config": {"Labels": labels}})
    assert (found["namespace"], found["name"]) == ("", "web")


def test_a_container_without_a_name_is_told_by_the_beginning_of_its_id() -> None:
    assert docker_container(ID, {})["name"] == "ab" * 6


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
configs = anything | st.fixed_dictionaries(
    {},
    optional={
        "Name": anything,
        "Config": anything | st.fixed_dictionaries({}, optional={"Image": anything, "Labels": anything}),
    },
)


@given(configs)
def test_any_configuration_gives_a_container_that_can_be_sent(config: Any) -> None:
    container = docker_container(ID, config)
    assert container["id"] == ID
    source = {
        "id": "0" * 16, "node": "n", "kind": "docker_files", "framing": "docker", "encoding": None, "tag": None,
        "container": container,
    }  # fmt: skip
    head = {
        "source": source, "path": "/x", "restart": 0, "incarnation": b"\0" * 8, "offset": 0,
        "observed_timestamp": 0, "ended": False, "end_reason": None, "gap": None, "resumed": None,
    }  # fmt: skip
    codec = Codec("raw_chunk")
    decoded = codec.decode(encode_chunk(codec, head, b""))
    assert isinstance(decoded, dict)
    assert decoded["source"]["container"] == container
