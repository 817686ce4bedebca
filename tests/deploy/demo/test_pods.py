"""Names, links and memory of pods."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from deploy.demo.demo import PODS
from deploy.demo.pods import ContainerSpec, Life, Owner, PodRegister, PodSpec
from schemas.codec import Codec

if TYPE_CHECKING:
    from pathlib import Path

WEB = ContainerSpec("web", ("true",), image="demo.example:5000/shop/web:2.1")
POD = PodSpec(
    "dev", "shop", (WEB,), labels={"app": "shop"}, annotations={"a": "b"}, owners=(Owner("ReplicaSet", "shop"),)
)


def begin(register: PodRegister) -> Life:
    life = register.begin(POD, "web")
    log = register.tree.log(POD, register.uid(POD), "web", life.restart)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("x")
    register.connect(POD, "web", life)
    return life


def test_a_log_lies_where_kubelet_puts_it_and_its_link_names_the_container(tmp_path: Path) -> None:
    register = PodRegister(tmp_path)
    life = begin(register)
    uid = register.uid(POD)
    assert re.fullmatch(r"[0-9a-f]{64}", life.container_id)
    link = tmp_path / f"var/log/containers/shop_dev_web-{life.container_id}.log"
    assert link.readlink() == tmp_path / f"var/log/pods/dev_shop_{uid}/web/0.log"
    assert list(tmp_path.glob("var/log/containers/*.log")) == [link]


def test_a_second_start_keeps_the_uid_and_is_a_restart_of_each_container(tmp_path: Path) -> None:
    first = PodRegister(tmp_path)
    life = begin(first)
    second = PodRegister(tmp_path)
    assert second.uid(POD) == first.uid(POD)
    again = begin(second)
    assert (life.restart, again.restart) == (0, 1)
    assert again.container_id != life.container_id
    assert second.lives(POD, "web") == [life, again]


def test_garbage_collection_keeps_the_current_life_and_the_last_dead_one(tmp_path: Path) -> None:
    register = PodRegister(tmp_path)
    lives = [begin(register) for _ in range(4)]
    folder = register.tree.log(POD, register.uid(POD), "web", 0).parent
    (folder / "0.log.20261121-120000.gz").write_text("x")
    assert register.collect(POD, "web") == lives[:2]
    assert sorted(path.name for path in folder.iterdir()) == ["2.log", "3.log"]
    assert {path.name[-68:-4] for path in register.tree.containers.iterdir()} == {
        life.container_id for life in lives[2:]
    }
    assert register.collect(POD, "web") == []
    assert PodRegister(tmp_path).begin(POD, "web").restart == 4


def test_a_pod_record_survives_the_codec(tmp_path: Path) -> None:
    register = PodRegister(tmp_path)
    life = begin(register)
    record = register.record(POD, "node-1", 5)
    codec = Codec("pod")
    assert codec.decode(codec.encode(record)) == record
    assert record["containers"] == [
        {
            "name": "web",
            "image": "demo.example:5000/shop/web:2.1",
            "image_id": WEB.image_id,
            "container_id": life.container_id,
            "restart": 0,
        }
    ]
    assert (record["labels"], record["node"], record["observed_at"]) == ({"app": "shop"}, "node-1", 5)


@pytest.mark.parametrize(
    ("image", "repository"),
    [("a.example:5000/b/c:1", "a.example:5000/b/c"), ("c", "c"), ("a.example:5000/c", "a.example:5000/c")],
)
def test_an_image_id_is_repository_and_digest(image: str, repository: str) -> None:
    name, _, digest = ContainerSpec("c", (), image).image_id.partition("@sha256:")
    assert name == repository
    assert re.fullmatch(r"[0-9a-f]{64}", digest)


@pytest.mark.parametrize("pod", PODS, ids=lambda pod: pod.key)
def test_every_pod_of_the_demo_can_be_published(pod: PodSpec, tmp_path: Path) -> None:
    register = PodRegister(tmp_path)
    for spec in pod.containers:
        register.begin(pod, spec.name)
    record: dict[str, Any] = register.record(pod, "node-1", 1)
    assert record["labels"]["app"] == pod.name
    assert Codec("pod").decode(Codec("pod").encode(record)) == record
