"""What the producer's DaemonSet sees of its node and takes from programs follows from the inputs of the settings."""

from typing import Any

import pytest

from tests.deploy.kubernetes.chart import container, made, one, pod
from tests.deploy.kubernetes.objects import Object

DAEMON_SET = ("DaemonSet", "logferry-producer")


def _mounts(config: dict[str, Any] | None = None, **producer: Any) -> dict[str, Object]:
    """By path: what is mounted there, with the volume of the node behind it."""
    objects = made(config, producer=producer)
    volumes = {each["name"]: each.get("hostPath", {}) for each in pod(objects, *DAEMON_SET)["volumes"]}
    mounts = container(objects, *DAEMON_SET)["volumeMounts"]
    return {each["mountPath"]: {**each, "host": volumes[each["name"]]} for each in mounts}


def test_all_of_the_node_is_read_only_but_the_checkpoint() -> None:
    mounts = _mounts({"inputs": {"journal": {"type": "journald"}, "docker": {"type": "docker_files"}}})
    of_node = {path: each.get("readOnly", False) for path, each in mounts.items() if each["host"]}
    assert of_node == {
        "/var/log": True,
        "/run/log/journal": True,
        "/etc/machine-id": True,
        "/var/lib/docker/containers": True,
        "/var/lib/logferry/producer": False,
    }


def test_without_such_inputs_neither_journal_nor_docker_is_seen() -> None:
    assert {"/run/log/journal", "/etc/machine-id", "/var/lib/docker/containers"} & _mounts().keys() == set()


def test_docker_below_kubernetes_is_a_switch_of_its_own() -> None:
    assert "/var/lib/docker/containers" in _mounts(docker=True)
    assert "/var/lib/docker/containers" not in _mounts({"inputs": {"d": {"type": "docker_files"}}}, docker=False)


def test_the_checkpoint_is_of_this_installation_and_lies_where_the_settings_say() -> None:
    mount = _mounts({"producer": {"state_folder": "/state"}})["/state"]
    assert mount["host"] == {"path": "/var/lib/logferry/logging-logferry", "type": "DirectoryOrCreate"}


def test_files_below_further_folders_are_seen_as_they_come() -> None:
    mount = _mounts(hostFolders=["/var/lib/kubelet/pods"])["/var/lib/kubelet/pods"]
    assert (mount["readOnly"], mount["mountPropagation"]) == (True, "HostToContainer")


def test_sockets_of_inputs_are_reached_from_the_node() -> None:
    mount = _mounts({"inputs": {"f": {"type": "forward", "unix": "/run/logferry/forward.sock"}}})["/run/logferry"]
    assert mount["host"] == {"path": "/run/logferry", "type": "DirectoryOrCreate"}


LISTENING = {
    "otlp": {"type": "http", "listen": "0.0.0.0:4318"},
    "devices": {"type": "syslog", "udp": "0.0.0.0:5514", "tcp": "[::]:5514"},
    "here": {"type": "http", "listen": "127.0.0.1:8080"},
}
PORTS = {("otlp-tcp", 4318, "TCP"), ("devices-udp", 5514, "UDP"), ("devices-tcp", 5514, "TCP")}


def test_ports_of_inputs_that_listen_are_those_of_the_container_and_of_the_service() -> None:
    objects = made({"inputs": LISTENING})
    ports = container(objects, *DAEMON_SET)["ports"][1:]
    service = one(objects, "Service", "logferry-inputs")["spec"]
    assert {(each["name"], each["containerPort"], each["protocol"]) for each in ports} == PORTS
    assert {(each["targetPort"], each["port"], each["protocol"]) for each in service["ports"]} == PORTS
    assert (service["internalTrafficPolicy"], service["publishNotReadyAddresses"]) == ("Local", True)
    assert all("hostPort" not in each for each in ports)


def test_ports_of_the_node_are_a_switch() -> None:
    objects = made({"inputs": LISTENING}, producer={"inputs": {"hostPorts": True, "service": {"enabled": False}}})
    ports = container(objects, *DAEMON_SET)["ports"][1:]
    assert {each["hostPort"] for each in ports} == {4318, 5514}
    assert not [each for each in objects if each["metadata"]["name"] == "logferry-inputs"]


def test_without_inputs_that_listen_there_is_no_service_for_them() -> None:
    assert not [each for each in made() if each["metadata"]["name"] == "logferry-inputs"]


@pytest.mark.parametrize(
    ("port", "added"), [(5514, ["DAC_READ_SEARCH"]), (514, ["DAC_READ_SEARCH", "NET_BIND_SERVICE"])]
)
def test_a_low_port_asks_for_one_capability_more(port: int, added: list[str]) -> None:
    objects = made({"inputs": {"devices": {"type": "syslog", "udp": f"0.0.0.0:{port}"}}})
    capabilities = container(objects, *DAEMON_SET)["securityContext"]["capabilities"]
    assert capabilities == {"drop": ["ALL"], "add": added}


def test_nothing_of_the_host_s_namespaces_is_shared() -> None:
    spec = pod(made(), *DAEMON_SET)
    assert [spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")] == [None, None, None]


def test_its_place_on_a_full_node_is_by_a_class_of_its_own_or_by_a_named_one() -> None:
    objects = made()
    own = one(objects, "PriorityClass")
    assert (
        pod(objects, *DAEMON_SET)["priorityClassName"]
        == own["metadata"]["name"]
        == "logging-logferry-producer-1000000000"
    )
    named = made(producer={"priorityClass": {"create": False}, "priorityClassName": "system-node-critical"})
    assert pod(named, *DAEMON_SET)["priorityClassName"] == "system-node-critical"
    assert not [each for each in named if each["kind"] == "PriorityClass"]


def test_it_waits_for_its_topics_but_not_for_ever() -> None:
    (init,) = pod(made(), *DAEMON_SET)["initContainers"]
    assert init["args"] == ["topics", "wait", "producer", "--go-on-after", "30s"]
    assert {each["mountPath"] for each in init["volumeMounts"]} == {"/etc/logferry", "/tmp"}


def test_what_is_called_a_node_and_has_no_folders_is_left_out() -> None:
    """Else pods wait there for ever, and a rolling update for them."""
    required = pod(made(), *DAEMON_SET)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    assert {(each["operator"], *each["values"]) for each in term["matchExpressions"]} == {
        ("NotIn", "fargate"),
        ("NotIn", "virtual-kubelet"),
    }
