"""What the chart makes of settings and values: sinks, scaling, variables, policies, rights, times."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from producers.network import STOP_SECS
from producers.produce import DRAIN_SECS as PRODUCER_DRAIN_SECS
from runtime.kafka import SESSION_SECS
from runtime.workers import STOP_SECS as WORKERS_STOP_SECS
from sinks.delivery import DRAIN_SECS as SINK_DRAIN_SECS
from streams.app import DRAIN_SECS
from streams.app import STOP_SECS as FAUST_STOP_SECS
from tests.deploy.kubernetes.chart import SEARCH, container, made, one, pod
from tests.deploy.kubernetes.objects import Object
from tests.tools import helm

S3 = {"type": "object_storage", "topics": ["logs.app"], "url": "s3://bucket/logs"}
DISK = {"type": "object_storage", "topics": ["logs.raw"], "url": "file:///var/lib/logferry/raw/", "format": "avro"}
FILES = {"type": "file", "topics": ["logs.app"], "path": "/out/logs/{day}/{namespace}.log"}


def _sinks(objects: list[Object]) -> dict[str, Object]:
    return {
        each["metadata"]["labels"]["logferry.io/sink"]: each
        for each in objects
        if each["kind"] == "Deployment" and "logferry.io/sink" in each["metadata"]["labels"]
    }


def test_each_sink_is_a_deployment_at_its_own_speed() -> None:
    sinks = _sinks(made({"sinks": {"search": SEARCH, "To_S3": S3}}, sinks={"To_S3": {"replicas": 4}}))
    assert {name: each["spec"]["replicas"] for name, each in sinks.items()} == {"search": 2, "to-s3": 4}
    args = [each["spec"]["template"]["spec"]["containers"][0]["args"] for each in sinks.values()]
    assert sorted(args) == [["sink", "To_S3"], ["sink", "search"]]


def test_a_sink_s_own_values_go_before_its_type_s_and_these_before_those_of_all() -> None:
    values = {
        "defaults": {"podLabels": {"a": "all", "b": "all", "c": "all"}},
        "types": {"elasticsearch": {"podLabels": {"b": "type", "c": "type"}}},
        "search": {"podLabels": {"c": "own"}},
    }
    labels = _sinks(made(sinks=values))["search"]["spec"]["template"]["metadata"]["labels"]
    assert {key: labels[key] for key in "abc"} == {"a": "all", "b": "type", "c": "own"}


@pytest.mark.parametrize(
    ("settings", "folder"), [(DISK, "/var/lib/logferry/raw"), (FILES, "/out/logs")], ids=["object_storage", "file"]
)
def test_a_sink_that_writes_to_a_folder_is_one_process_with_a_volume(settings: dict[str, Any], folder: str) -> None:
    values = {"defaults": {"replicas": 3, "autoscaling": {"kind": "hpa"}}}
    objects = made({"sinks": {"disk": settings}}, sinks=values)
    spec = one(objects, "Deployment", "logferry-sink-disk")["spec"]
    mounts = {
        each["mountPath"]: each["name"]
        for each in container(objects, "Deployment", "logferry-sink-disk")["volumeMounts"]
    }
    claim = one(objects, "PersistentVolumeClaim")
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert mounts[folder] == "folder"
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert not [
        each for each in objects if each["metadata"]["name"] == "logferry-sink-disk" and "Budget" in each["kind"]
    ]


def test_what_a_sink_prints_is_not_taken_up_again() -> None:
    objects = made({"sinks": {"screen": {"type": "stdout", "topics": ["logs.app"]}}})
    annotations = _sinks(objects)["screen"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["logferry.io/exclude"] == "true"


def test_a_component_s_variable_goes_before_everybody_s_and_these_before_the_chart_s() -> None:
    objects = made(
        env=[{"name": "A", "value": "all"}, {"name": "B", "value": "all"}, {"name": "NODE_NAME", "value": "mine"}],
        streams={"env": [{"name": "B", "value": "own"}, {"name": "C", "value": "$(A)"}]},
    )
    env = container(objects, "Deployment", "logferry-streams")["env"]
    assert {each["name"]: each.get("value") for each in env if each["name"] in {"A", "B", "C", "NODE_NAME"}} == {
        "A": "all", "B": "own", "C": "$(A)", "NODE_NAME": "mine",
    }  # fmt: skip
    names = [each["name"] for each in env]
    assert len(set(names)) == len(names)
    assert names.index("A") < names.index("C")


def test_numbers_of_the_settings_stay_what_they_are() -> None:
    config = {
        "producer": {"memory_max_bytes": 16777216},
        "stream": {"pod_wait_secs": 0.5, "in_flight_max_bytes": 1073741824},
    }
    text = one(made(config), "ConfigMap")["data"]["logferry.yaml"]
    assert {key: yaml.safe_load(text)[key] for key in config} == config


@pytest.mark.parametrize(
    ("protocol", "mechanism", "expected"),
    [
        ("plaintext", None, {"tls": "disable"}),
        ("SSL", None, {"tls": "enable"}),
        ("sasl_ssl", "SCRAM-SHA-512", {"tls": "enable", "sasl": "scram_sha512"}),
        ("sasl_plaintext", "PLAIN", {"tls": "disable", "sasl": "plaintext"}),
        ("sasl_ssl", "OAUTHBEARER", {"tls": "enable", "sasl": "oauthbearer"}),
    ],
)
def test_keda_asks_kafka_for_the_workers_lag_as_the_stages_do(
    protocol: str, mechanism: str | None, expected: dict[str, str]
) -> None:
    properties = {"security.protocol": protocol, **({"sasl.mechanism": mechanism} if mechanism else {})}
    kafka = {"bootstrap_servers": ["a:9092", "b:9092"], "properties": properties}
    reference = [{"parameter": "password", "name": "kafka", "key": "password"}]
    scaling = {"kind": "keda", "keda": {"secretTargetRef": reference}}
    objects = made(
        {"kafka": kafka, "topics": {"prefix": "west."}, "stream": {"group": "west"}}, streams={"autoscaling": scaling}
    )
    (trigger,) = one(objects, "ScaledObject")["spec"]["triggers"]
    told = trigger["metadata"]
    assert {key: told[key] for key in ("bootstrapServers", "consumerGroup", "topic")} == {
        "bootstrapServers": "a:9092,b:9092", "consumerGroup": "west", "topic": "west.raw",
    }  # fmt: skip
    assert {key: told[key] for key in ("tls", "sasl") if key in told} == expected
    assert trigger["authenticationRef"] == {"name": "logferry-streams"}
    assert one(objects, "TriggerAuthentication")["spec"]["secretTargetRef"] == reference
    assert "replicas" not in one(objects, "Deployment", "logferry-streams")["spec"]


def test_a_worker_more_asks_for_a_core_s_share_more() -> None:
    three = container(made(streams={"workers": 3}), "Deployment", "logferry-streams")
    assert three["args"] == ["stream", "--workers", "3"]
    assert three["resources"]["requests"] == {"cpu": "1500m", "memory": "768Mi", "ephemeral-storage": "256Mi"}
    assert three["resources"]["limits"]["memory"] == "1536Mi"


def _ports_out(objects: list[Object], name: str) -> set[int]:
    """Ports of TCP that a component may reach, but for those of DNS."""
    rules = one(objects, "NetworkPolicy", name)["spec"]["egress"]
    return {port["port"] for rule in rules for port in rule["ports"] if port["protocol"] == "TCP"} - {53, 5353}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SEARCH, {9092, 9200}),
        ({**SEARCH, "hosts": ["https://search.example", "https://other.example:9243"]}, {9092, 443, 9243}),
        (S3, {9092, 443, 80, 988}),
        (DISK, {9092}),
        ({"type": "otlp", "topics": ["logs.app"], "url": "http://collector:4318/v1/logs"}, {9092, 4318}),
        ({"type": "kafka", "topics": ["logs.app"], "kafka": {"bootstrap_servers": "a:94,b:95"}}, {9092, 94, 95}),
    ],
)  # fmt: skip
def test_a_sink_reaches_kafka_and_its_destination_alone(settings: dict[str, Any], expected: set[int]) -> None:
    assert _ports_out(made({"sinks": {"search": settings}}), "logferry-sink-search") == expected


def test_where_destinations_are_told_credentials_come_from_the_machine_alone() -> None:
    store = [{"ipBlock": {"cidr": "10.1.0.0/16"}}]
    objects = made({"sinks": {"search": S3}}, networkPolicy={"destinationsTo": store})
    *_, destination, machine = one(objects, "NetworkPolicy", "logferry-sink-search")["spec"]["egress"]
    assert (destination["to"], [port["port"] for port in destination["ports"]]) == (store, [443])
    assert [peer["ipBlock"]["cidr"] for peer in machine["to"]] == ["169.254.0.0/16", "fd00:ec2::/32"]


def test_helm_test_reaches_what_the_sink_reaches_in_which_it_searches() -> None:
    own = {"ports": [{"port": 9299, "protocol": "TCP"}]}
    objects = made(sinks={"search": {"extraEgress": [own]}})
    assert own in one(objects, "NetworkPolicy", "logferry-test")["spec"]["egress"]


def test_only_the_pod_watcher_reaches_the_api_server() -> None:
    objects = made(networkPolicy={"apiServerTo": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]})
    names = ("producer", "pods", "streams", "topics", "sink-search")
    reach = {name for name in names if 6443 in _ports_out(objects, f"logferry-{name}")}
    assert reach == {"pods"}


def test_who_may_ask_for_metrics_can_be_told_and_helm_test_may_always() -> None:
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    objects = made(networkPolicy={"metricsFrom": [monitoring]})
    (rule,) = one(objects, "NetworkPolicy", "logferry-streams")["spec"]["ingress"]
    assert rule["ports"] == [{"port": "metrics", "protocol": "TCP"}]
    assert rule["from"][0] == monitoring
    assert rule["from"][1]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "test"


def _rules(objects: list[Object], kind: str) -> list[Any]:
    return [each["rules"] for each in objects if each["kind"] == kind]


def test_rights_are_those_of_the_file_for_people_without_helm() -> None:
    plain = list(yaml.safe_load_all((helm.ROOT / "deploy/kubernetes/pods.rbac.yaml").read_text()))
    objects = made()
    assert _rules(objects, "ClusterRole") == _rules(plain, "ClusterRole")
    assert _rules(objects, "Role") == _rules(plain, "Role")


def test_watching_named_namespaces_needs_rights_there_alone() -> None:
    objects = made({"pods": {"namespaces": ["shop", "test"]}})
    assert _rules(objects, "ClusterRole") == []
    roles = {each["metadata"]["namespace"]: each["rules"] for each in objects if each["kind"] == "Role"}
    bound = {each["metadata"]["namespace"]: each["subjects"] for each in objects if each["kind"] == "RoleBinding"}
    assert roles["shop"] == roles["test"] == _rules(made(), "ClusterRole")[0]
    assert bound["shop"] == [{"kind": "ServiceAccount", "name": "logferry-pods", "namespace": "logging"}]
    assert roles.keys() == bound.keys() == {"shop", "test", "logging"}


def test_the_lease_is_this_installation_s_own() -> None:
    objects = helm.template(helm.CHART, release="west")
    env = {each["name"]: each.get("value") for each in container(objects, "Deployment", "west-logferry-pods")["env"]}
    assert env["LOGFERRY_PODS__LEASE__NAME"] == "west-logferry-pods"
    (rules,) = _rules(objects, "Role")
    assert rules[0]["resourceNames"] == ["west-logferry-pods"]


def test_the_job_is_another_one_whenever_its_pod_would_change() -> None:
    def name(**values: Any) -> str:
        return str(one(made(values.pop("config", None), **values), "Job")["metadata"]["name"])

    names = [
        name(),
        name(config={"topics": {"partitions": 16}}),
        name(topics={"resources": {"limits": {"memory": "1Gi"}}}),
        name(image={"tag": "9.9.9"}),
        name(env=[{"name": "A", "value": "b"}]),
    ]
    assert len(set(names)) == len(names)
    assert name(config={"severity": [{"match": "**", "minimum": "warn"}]}) == names[0]


@pytest.mark.parametrize(
    ("kind", "name", "needed"),
    [
        ("DaemonSet", "logferry-producer", STOP_SECS * 2 + PRODUCER_DRAIN_SECS),
        ("Deployment", "logferry-streams", max(2 * DRAIN_SECS + FAUST_STOP_SECS, WORKERS_STOP_SECS)),
        ("Deployment", "logferry-sink-search", SINK_DRAIN_SECS * 2),
    ],
)
def test_a_stage_has_more_time_to_end_than_it_takes(kind: str, name: str, needed: float) -> None:
    assert pod(made(), kind, name)["terminationGracePeriodSeconds"] >= needed + 5


@pytest.mark.parametrize("name", ["logferry-streams", "logferry-sink-search"])
def test_members_of_a_group_are_replaced_one_by_one_and_not_before_the_last_one_s_partitions_are_free(
    name: str,
) -> None:
    spec = one(made(), "Deployment", name)["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["minReadySeconds"] > SESSION_SECS


def test_a_component_that_is_off_leaves_nothing_behind() -> None:
    off = {name: {"enabled": False} for name in ("producer", "pods", "streams", "topics")}
    objects = made({"sinks": {}}, **off, tests={"enabled": False})
    assert [each["kind"] for each in objects if each["kind"] != "ServiceAccount"] == ["ConfigMap"]
    assert [each for each in objects if each["kind"] == "ServiceAccount"] == []
