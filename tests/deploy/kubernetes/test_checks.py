"""Each check finds what it is for: one good sample, and one bad sample for each thing that can be wrong."""

from copy import deepcopy
from typing import Any

import pytest

from tests.deploy.kubernetes import fitting, pods_in_order, settings_in_pods
from tests.deploy.kubernetes.objects import Object, read
from tests.tools import kube_score, kubeconform, pod_security

GOOD = """
apiVersion: v1
kind: ConfigMap
metadata: {name: logferry}
data:
  logferry.yaml: |
    kafka: {bootstrap_servers: "kafka:9092"}
    sinks:
      search: {type: elasticsearch, topics: [logs.app], hosts: ["https://s:1"], username: u, password: {env: PASSWORD}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: search}
---
apiVersion: v1
kind: Service
metadata: {name: search, labels: {a: b}}
spec: {selector: {a: b}, ports: [{name: metrics, port: 9090, targetPort: metrics}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: search}
spec: {selector: {matchLabels: {a: b}}, endpoints: [{port: metrics}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: search}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      serviceAccountName: search
      securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: sink
          image: logferry:1.0
          args: [sink, search]
          env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: password, key: password}}}]
          ports: [{name: metrics, containerPort: 9090}]
          startupProbe: {httpGet: {path: /live, port: metrics}}
          livenessProbe: {httpGet: {path: /live, port: metrics}}
          readinessProbe: {httpGet: {path: /ready, port: metrics}}
          resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts: [{name: settings, mountPath: /etc/logferry}]
      volumes: [{name: settings, configMap: {name: logferry}}]
"""
SEARCH = "sinks: {search: {type: stdout, topics: [logs.app]}}\n"
ARCHIVE = 'sinks: {search: {type: object_storage, topics: [logs.app], url: "file:///data"}}'
EXTERNAL = {("Secret", "password")}
CONFIG, ACCOUNT, SERVICE, MONITOR, DEPLOYMENT = range(5)
POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
SETTINGS = ("data", "logferry.yaml")


def _with(number: int, path: tuple[str | int, ...], value: Any) -> list[Object]:
    """The good sample with one thing changed."""
    objects = read(GOOD)
    place: Any = objects[number]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return objects


def _found(objects: list[Object]) -> list[str]:
    """What all checks of our own say."""
    template = objects[DEPLOYMENT]["spec"]["template"]
    fits = [*fitting.doubles(objects), *fitting.strays(objects), *fitting.unnamed_ports(objects)]
    fits += fitting.absent(objects, EXTERNAL)
    return [*fits, *pods_in_order.problems(objects), *settings_in_pods.problems(objects, template)]


def test_all_checks_are_content_with_the_good_sample() -> None:
    assert _found(read(GOOD)) == []
    assert kubeconform.problems(GOOD) == []
    assert pod_security.violations([read(GOOD)[DEPLOYMENT]["spec"]["template"]]) == [{}]


@pytest.mark.parametrize(
    ("number", "path", "value", "expected"),
    [
        (ACCOUNT, ("metadata", "name"), "other", "Deployment/search refers to ServiceAccount search"),
        (SERVICE, ("spec", "selector"), {"a": "c"}, "Service/search: its selector chooses no pods"),
        (SERVICE, ("spec", "ports", 0, "targetPort"), "metric", "Service/search: target port metric"),
        (SERVICE, ("spec", "ports", 0, "name"), "http", "ServiceMonitor/search: port metrics"),
        (MONITOR, ("spec", "selector"), {"matchLabels": {"a": "c"}}, "ServiceMonitor/search: port metrics"),
        (DEPLOYMENT, (*POD, "volumes", 0, "configMap", "name"), "x", "Deployment/search refers to ConfigMap x"),
        (DEPLOYMENT, ("spec", "selector"), {"matchLabels": {"a": "c"}}, "its selector chooses []"),
        (DEPLOYMENT, (*CONTAINER, "image"), "logferry", "has no version in its image logferry"),
        (DEPLOYMENT, (*CONTAINER, "image"), "host:5000/logferry:latest", "has no version in its image"),
        (DEPLOYMENT, (*CONTAINER, "resources"), {}, "has no memory among its limits"),
        (DEPLOYMENT, (*CONTAINER, "livenessProbe"), {}, "has no livenessProbe that asks /live"),
        (DEPLOYMENT, (*CONTAINER, "startupProbe", "httpGet", "port"), "x", "Deployment/search: a probe's port x"),
        (DEPLOYMENT, (*CONTAINER, "securityContext"), {}, "can write to its root file system"),
        (DEPLOYMENT, (*CONTAINER, "env"), [], "sinks.search.password is in PASSWORD, no variable"),
        (DEPLOYMENT, (*CONTAINER, "env"), [{"name": "X"}, {"name": "X"}], "has X twice in its environment"),
        (DEPLOYMENT, (*CONTAINER, "env"), [{"name": "LOGFERRY_KAFKA__X", "value": "1"}], "no such setting"),
        (CONFIG, SETTINGS, "kafka: {bootstrap_server: x}", "did you mean bootstrap_servers"),
        (CONFIG, SETTINGS, SEARCH + "kafka: {properties: {ssl.ca.location: /ca.crt}}", "is /ca.crt, below no mount"),
        (CONFIG, SETTINGS, ARCHIVE, "sinks.search.url is /data, below no mount"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(number: int, path: tuple[str | int, ...], value: object, expected: str) -> None:
    found = _found(_with(number, path, value))

    assert any(expected in each for each in found), found


def test_two_objects_of_one_name_are_found() -> None:
    objects = read(GOOD)

    assert _found([*objects, deepcopy(objects[ACCOUNT])]) == ["ServiceAccount/search is there 2 times"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("kind: ServiceMonitor", "kind: ServiceMonitors", "could not find schema for ServiceMonitors"),
        ("readinessProbe:", "readynessProbe:", "additional properties 'readynessProbe' not allowed"),
        ("containerPort: 9090", "containerPort: '9090'", "got string, want integer"),
        ("[{port: metrics}]", "[{port: metrics, intervall: 5s}]", "additional properties 'intervall' not allowed"),
        ("serviceAccountName: search", "serviceAccountName: null", "got null, want string"),
        ("args: [sink, search]", "name: sink", "already set in map"),
        ("metadata: {name: search}\nspec:\n", "spec:\n", "missing property 'metadata'"),
    ],
)
def test_kubeconform_refuses_what_a_server_would_drop_in_silence(before: str, after: str, expected: str) -> None:
    (problem,) = kubeconform.problems(GOOD.replace(before, after))

    assert expected in problem


def test_kube_score_calls_a_writable_root_critical() -> None:
    assert "container-security-context-readonlyrootfilesystem" in {
        check for name, check, _ in kube_score.criticals(GOOD.replace("readOnlyRootFilesystem: true, ", ""))
    }
    assert "container-security-context-readonlyrootfilesystem" not in {
        check for name, check, _ in kube_score.criticals(GOOD)
    }


def test_restricted_says_what_a_pod_of_the_host_does_wrong() -> None:
    template = {
        "metadata": {},
        "spec": {
            "hostNetwork": True,
            "containers": [{"name": "a", "image": "b", "securityContext": {"runAsUser": 0}}],
            "volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}],
        },
    }

    assert list(pod_security.violations([template])[0]) == [
        "host namespaces",
        "allowPrivilegeEscalation != false",
        "unrestricted capabilities",
        "restricted volume types",
        "runAsNonRoot != true",
        "runAsUser=0",
        "seccompProfile",
    ]
