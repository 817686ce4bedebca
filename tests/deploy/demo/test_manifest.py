"""Manifests become pods as a cluster's controllers would make them; what the demo cannot do is refused by its name."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.demo.containers import Placed, command_line, environment, make_volumes, on_node
from deploy.demo.manifests import pods_of, read_manifests
from deploy.demo.pods import ConfigFiles, ContainerSpec, EmptyDir, FieldRef, HostPath, Mount, NodeTree, Owner, PodSpec
from schemas.errors import SettingsError

CONTAINER: dict[str, Any] = {"name": "app", "image": "logferry", "command": ["python", "-c", "pass"]}
EXAMPLES = Path(__file__).parents[3] / "deploy" / "examples"


def pod(body: dict[str, Any] | None = None, **container: Any) -> dict[str, Any]:
    """A Pod with one container."""
    spec = {"containers": [CONTAINER | container], **(body or {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "dev"}, "spec": spec}


def workload(kind: str, version: str = "apps/v1", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [CONTAINER]}}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": {"template": template, **spec}}


def config_map(name: str = "settings", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "dev"}, "data": data}


def read(*objects: Any) -> tuple[PodSpec, ...]:
    return pods_of(read_manifests(yaml.safe_dump_all(objects), "pods.yaml"))


def only(*objects: Any) -> PodSpec:
    (found,) = read(*objects)
    return found


# -- what controllers make ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "names", "owners"),
    [
        (workload("Deployment", replicas=2), [r"web-[a-z0-9]{10}-[a-z0-9]{5}"] * 2, ["ReplicaSet", "Deployment"]),
        (workload("DaemonSet"), [r"web-[a-z0-9]{5}"], ["DaemonSet"]),
        (workload("StatefulSet", replicas=2), ["web-0", "web-1"], ["StatefulSet"]),
        (workload("Job", "batch/v1"), [r"web-[a-z0-9]{5}"], ["Job"]),
        (workload("Deployment", replicas=0), [], []),
    ],
)
def test_a_controller_names_and_owns_its_pods(given: dict[str, Any], names: list[str], owners: list[str]) -> None:
    pods = read(given)
    assert [bool(re.fullmatch(name, each.name)) for name, each in zip(names, pods, strict=True)] == [True] * len(names)
    assert len({each.name for each in pods}) == len(pods)
    assert all([owner.kind for owner in each.owners] == owners for each in pods)
    assert all((each.namespace, each.labels["app"]) == ("default", "web") for each in pods)
    assert read(given) == pods, "the same names on every machine"


def test_a_pod_of_a_deployment_has_the_hash_of_its_replica_set() -> None:
    found = only(workload("Deployment"))
    version = found.labels["pod-template-hash"]
    assert found.owners == (Owner("ReplicaSet", f"web-{version}"), Owner("Deployment", "web"))
    assert found.name.startswith(f"web-{version}-")


def test_lists_and_namespaces_are_read() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "dev"}}
    items = {"apiVersion": "v1", "kind": "List", "items": [namespace, pod()]}
    assert only(items).key == "dev/p"


def test_containers_have_roles_variables_and_volumes() -> None:
    env = [
        {"name": "LEVEL", "value": "debug"},
        {"name": "UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
        {"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}},
        {"name": "NONE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "none", "optional": True}}},
    ]
    body = {
        "initContainers": [
            CONTAINER | {"name": "first"},
            CONTAINER | {"name": "beside", "restartPolicy": "Always", "command": [], "args": ["relay", "/x/a"]},
        ],
        "volumes": [
            {"name": "a", "emptyDir": {"sizeLimit": "1Mi"}},
            {"name": "b", "configMap": {"name": "settings"}},
            {"name": "c", "hostPath": {"path": "/var/log", "type": "Directory"}},
        ],
        "terminationGracePeriodSeconds": 7,
        "restartPolicy": "Never",
    }
    made = only(
        config_map(colour="teal"),
        pod(body, env=env, envFrom=[{"configMapRef": {"name": "settings"}, "prefix": "MY_"}],
            volumeMounts=[{"name": "a", "mountPath": "/x", "readOnly": True}]),
    )  # fmt: skip
    assert [(each.name, each.role) for each in made.containers] == [
        ("first", "init"), ("beside", "sidecar"), ("app", "main"),
    ]  # fmt: skip
    assert made.containers[1].argv == ("logferry", "relay", "/x/a"), "the image's own entrypoint"
    assert made.containers[2].env == {
        "MY_colour": "teal",
        "LEVEL": "debug",
        "UID": FieldRef("metadata.uid"),
        "COLOUR": "teal",
    }
    assert made.volumes == {"a": EmptyDir(), "b": ConfigFiles({"colour": "teal"}), "c": HostPath("/var/log")}
    assert (made.containers[2].mounts, made.grace_secs, made.restart_policy) == ((Mount("a", "/x"),), 7.0, "Never")


@pytest.mark.parametrize("image", ["logferry", "logferry:1.2", "r.example:5000/team/logferry-node:1@sha256:00"])
def test_our_images_are_known_from_any_registry(image: str) -> None:
    assert only(pod(image=image)).containers[0].image == image


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*/pods.yaml")), ids=lambda path: path.parent.name)
def test_every_example_is_understood(file: Path) -> None:
    pods = pods_of(read_manifests(file.read_text(), str(file)))
    assert pods
    assert all(each.labels["app"] for each in pods)


# -- what is refused ---------------------------------------------------------------------------------------------------

REFUSED = [
    (pod(lifecycle={}), "spec.containers[0].lifecycle: the demo does not know it"),
    (pod({"hostNetwork": True}), "spec.hostNetwork: the demo does not know it"),
    (
        pod({"volumes": [{"name": "s", "secret": {"secretName": "s"}}]}),
        "spec.volumes[0].secret: the demo does not know",
    ),
    (
        pod(volumeMounts=[{"name": "a", "mountPath": "/a", "subPath": "b"}]),
        "volumeMounts[0].subPath: the demo does not",
    ),
    (pod(volumeMounts=[{"name": "a", "mountPath": "/a"}]), "there is no volume a"),
    (pod(image="nginx:1"), "the demo cannot run image nginx:1"),
    (pod(image="shop/logferry-api"), "the demo cannot run image shop/logferry-api"),
    (pod(command=["sh", "-c", "date"]), "the demo cannot run sh"),
    (pod(command=["python", 0.5]), "spec.containers[0].command[1]: input should be a valid string"),
    (pod(env=[{"name": "X", "valueFrom": {"secretKeyRef": {}}}]), "valueFrom.secretKeyRef: the demo does not know it"),
    (pod(env=[{"name": "X", "valueFrom": {}}]), "its valueFrom is empty"),
    (
        pod(env=[{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]),
        "fieldRef.fieldPath: the demo does not know 'status.phase'",
    ),
    (
        pod(env=[{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "k"}}}]),
        "no manifest has ConfigMap dev/gone",
    ),
    (
        pod({"volumes": [{"name": "a", "configMap": {"name": "gone"}}]}),
        "its volume a is of ConfigMap gone, which no manifest has",
    ),
    (pod({"containers": []}), "spec.containers: "),
    ({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}, "the demo does not know this kind of object"),
    ({"metadata": {}}, "the demo does not know this kind of object"),
    (["a list"], "the demo does not know this kind of object"),
]


@pytest.mark.parametrize(("given", "problem"), REFUSED, ids=[problem for _, problem in REFUSED])
def test_what_the_demo_cannot_do_is_refused_by_its_name(given: Any, problem: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(given)
    assert problem in error.value.problem
    assert error.value.where
    assert error.value.remedy


def test_a_path_that_means_two_volumes_is_refused() -> None:
    volumes = {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {}}]}
    given = pod(volumes, volumeMounts=[{"name": "a", "mountPath": "/x"}])
    given["spec"]["containers"].append(CONTAINER | {"name": "c", "volumeMounts": [{"name": "b", "mountPath": "/x"}]})
    with pytest.raises(SettingsError, match="/x is volume a in one container and b in another"):
        read(given)


def test_two_pods_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="two pods are called dev/p"):
        read(pod(), pod())


def test_what_is_no_yaml_is_said_to_be_none() -> None:
    with pytest.raises(SettingsError, match="it is no YAML"):
        read_manifests("{", "pods.yaml")


# -- where things lie --------------------------------------------------------------------------------------------------


def placed(tmp_path: Path, container: ContainerSpec, **more: Any) -> Placed:
    made = PodSpec("dev", "p", (container,), labels={"app": "web"}, annotations={"a/b": "c"}, **more)
    return Placed(made, "uid-1", "node-1", NodeTree(tmp_path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/logs", "/V"),
        ("/logs/app.log", "/V/app.log"),
        ("--file=/logs/app.log", "--file=/V/app.log"),
        ("/logs/a:/logs/b", "/V/a:/V/b"),
        ("import os; os.stat('/logs/port')", "import os; os.stat('/V/port')"),
        ("/logs/deep/x", "/D/x"),
        ("/logs2/app.log", "/logs2/app.log"),
        ("/var/logs/app.log", "/var/logs/app.log"),
        ("logs", "logs"),
    ],
)
def test_a_mounts_path_is_replaced_where_a_path_begins_with_it(text: str, expected: str) -> None:
    assert on_node(text, {"/logs": "/V", "/logs/deep": "/D"}) == expected


def test_volumes_lie_where_kubelet_keeps_them(tmp_path: Path) -> None:
    volumes = {"a": EmptyDir(), "b": ConfigFiles({"x.yaml": "file: /data/f\n"}), "c": HostPath("/var/log")}
    mounts = (Mount("a", "/data"), Mount("b", "/etc/x"), Mount("c", "/var/log"))
    argv = ("logferry", "relay", "/data/a.log", "--config", "/etc/x/x.yaml", "/var/log/b.log", "$(WHERE)", "$$(WHERE)")
    env = {"FOLDER": "/data", "WHERE": "$(FOLDER)/here", "UNKNOWN": "$(NOBODY)"}
    at = placed(tmp_path, ContainerSpec("c", argv, "logferry", env, mounts), volumes=volumes)
    make_volumes(at)
    base = f"{tmp_path}/var/lib/kubelet/pods/uid-1/volumes"
    data, files = f"{base}/kubernetes.io~empty-dir/a", f"{base}/kubernetes.io~configmap/b"
    found = environment(at, at.pod.containers[0])
    assert found == {"FOLDER": data, "WHERE": f"{data}/here", "UNKNOWN": "$(NOBODY)"}
    assert command_line(at, at.pod.containers[0], found)[4:] == [
        "relay",
        f"{data}/a.log",
        "--config",
        f"{files}/x.yaml",
        f"{tmp_path}/var/log/b.log",
        f"{data}/here",
        "$(WHERE)",
    ]
    assert command_line(at, at.pod.containers[0], found)[0] == sys.executable
    assert Path(files, "x.yaml").read_text() == f"file: {data}/f\n"
    assert Path(data).is_dir()


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("metadata.name", "p"),
        ("metadata.namespace", "dev"),
        ("metadata.uid", "uid-1"),
        ("metadata.labels['app']", "web"),
        ("metadata.annotations['a/b']", "c"),
        ("metadata.labels['none']", ""),
        ("spec.nodeName", "node-1"),
        ("status.hostIP", "127.0.0.1"),
    ],
)
def test_the_downward_api_tells_what_it_tells_on_a_cluster(tmp_path: Path, field: str, expected: str) -> None:
    at = placed(tmp_path, ContainerSpec("c", ("python",), "logferry", {"X": FieldRef(field)}))
    assert environment(at, at.pod.containers[0]) == {"X": expected}
