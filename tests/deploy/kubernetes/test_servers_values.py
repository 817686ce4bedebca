"""The values that the chart logferry-servers gives for the chart logferry are taken there, and every file is there."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.rights import SINK
from schemas.settings import parse_settings
from tests.deploy.kubernetes.servers import EXAMPLES, Objects, config_of, of_kind, render, values_for_logferry
from tests.tools import helm

FITTING = helm.CHART / "examples/with-strimzi-eck.yaml"


def secrets_of(objects: Objects) -> dict[str, set[str]]:
    """Secrets that are there when the operators have done their part, and their keys."""
    found = {"logferry-cluster-ca-cert": {"ca.crt"}, "logferry-es-http-certs-public": {"ca.crt", "tls.crt"}}
    for name, user in of_kind(objects, "KafkaUser").items():
        is_tls = user["spec"]["authentication"]["type"] == "tls"
        found[name] = {"ca.crt", "user.crt", "user.key"} if is_tls else {"password", "sasl.jaas.config"}
    for name, secret in of_kind(objects, "Secret").items():
        found[name] = {*secret.get("data", {}), *secret.get("stringData", {})}
    return found


def pods_of(objects: Objects) -> list[dict[str, Any]]:
    return [each["spec"]["template"]["spec"] for each in objects if each["kind"] in ("DaemonSet", "Deployment", "Job")]


def files_in(pod: dict[str, Any], secrets: dict[str, set[str]]) -> set[str]:
    """Files of Secrets in a pod's only container."""
    of_volume = {each["name"]: each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each}
    return {
        f"{mount['mountPath']}/{key}"
        for mount in pod["containers"][0]["volumeMounts"]
        if mount["name"] in of_volume
        for key in secrets[of_volume[mount["name"]]]
    }


@pytest.mark.parametrize("authentication", ["tls", "scram-sha-512"])
@pytest.mark.parametrize("example", ["development", "production"])
def test_logferry_takes_its_values_and_finds_every_file(example: str, authentication: str) -> None:
    path = EXAMPLES / f"{example}.yaml"
    servers = render(path, {"kafka": {"authentication": authentication}})
    made = helm.template(helm.CHART, {"config": config_of(path)}, values_for_logferry(servers))
    text = of_kind(made, "ConfigMap")["logferry"]["data"]["logferry.yaml"]
    settings = parse_settings(text, "logferry.yaml", {"LOGFERRY_KAFKA__PROPERTIES__SASL_USERNAME": "x"})
    assert settings.kafka.bootstrap_servers == "logferry-kafka-bootstrap.logging.svc:9093"
    assert settings.sinks["search"].model_dump()["hosts"] == ("https://logferry-es-http.logging.svc:9200",)
    wanted = set(re.findall(r"/etc/logferry/kafka[/-]\S+", yaml.safe_dump(settings.kafka.model_dump(mode="json"))))
    assert len(wanted) == (3 if authentication == "tls" else 2)
    found = [files_in(pod, secrets_of(servers)) for pod in pods_of(made)]
    assert [sorted(wanted - each) for each in found] == [[]] * len(found)
    (search,) = [each for each in pods_of(made) if each["containers"][0]["args"] == ["sink", "search"]]
    of_elasticsearch = {"/etc/logferry/elasticsearch-ca/ca.crt", "/etc/logferry/elasticsearch/password"}
    assert of_elasticsearch - files_in(search, secrets_of(servers)) == set()


def test_every_component_comes_as_its_own_user() -> None:
    path = EXAMPLES / "production.yaml"
    made = helm.template(helm.CHART, {"config": config_of(path)}, values_for_logferry(render(path)))
    users = {
        tuple(pod["containers"][0]["args"][:2]): [
            each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each
        ][1]
        for pod in pods_of(made)
    }
    stages = {"produce": "producer", "pods": "pods", "stream": "stream", "topics": "topics"}
    assert users == {
        words: f"logferry-{SINK}{words[1]}" if words[0] == "sink" else f"logferry-{stages[words[0]]}" for words in users
    }
    assert len(users) == 6


def test_keda_comes_as_the_user_that_may_only_look() -> None:
    path = EXAMPLES / "production.yaml"
    keda = {"streams": {"autoscaling": {"kind": "keda"}}}
    made = helm.template(helm.CHART, {"config": config_of(path)}, values_for_logferry(render(path)), keda)
    (trigger,) = of_kind(made, "TriggerAuthentication").values()
    assert {each["name"] for each in trigger["spec"]["secretTargetRef"]} == {
        "logferry-cluster-ca-cert",
        "logferry-scaler",
    }


@pytest.mark.parametrize(("example", "can_read"), [("development", True), ("production", False)])
def test_helm_test_looks_for_its_line_where_the_user_of_sinks_may_read(example: str, can_read: bool) -> None:
    path = EXAMPLES / f"{example}.yaml"
    made = helm.template(helm.CHART, {"config": config_of(path)}, values_for_logferry(render(path)))
    assert any(name.endswith("-find") for name in of_kind(made, "Pod")) is can_read


def test_topics_described_as_resources_leave_nothing_to_the_job() -> None:
    topic = {"name": "logs.Raw", "partitions": 8, "replicas": 1, "config": {"retention.ms": "1"}}
    servers = render({"config": {}, "kafka": {"topics": [topic]}})
    (found,) = of_kind(servers, "KafkaTopic").values()
    assert found["spec"] == {"topicName": "logs.Raw", "partitions": 8, "replicas": 1, "config": {"retention.ms": "1"}}
    assert of_kind(helm.template(helm.CHART, values_for_logferry(servers)), "Job") == {}


def has(whole: Any, part: Any) -> bool:
    """Whether everything of ``part`` stands in ``whole``."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and has(whole[key], part[key]) for key in part)
    return bool(whole == part)


def test_the_example_for_logferry_fits_the_servers_for_production() -> None:
    servers = EXAMPLES / "production.yaml"
    example = yaml.safe_load(FITTING.read_text())
    assert has(example, {"config": config_of(servers)})
    assert has(example, values_for_logferry(render(servers)))


def test_notes_show_the_same_values(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    shutil.copytree(helm.SERVERS, chart)
    (chart / "templates/NOTES.txt").rename(chart / "notes")
    text = '{{ tpl (.Files.Get "notes") . | quote }}'
    shown = f"kind: ConfigMap\napiVersion: v1\nmetadata: {{name: notes}}\ndata:\n  text: {text}\n"
    (chart / "templates/notes.yaml").write_text(shown)
    objects = helm.template(chart, EXAMPLES / "production.yaml", release="servers")
    notes = of_kind(objects, "ConfigMap")["notes"]["data"]["text"]
    assert "get configmap servers-logferry-values" in notes
    assert yaml.safe_load(notes[notes.index("servers.yaml:\n") + len("servers.yaml:\n") :]) == values_for_logferry(
        objects
    )


def test_an_example_s_sink_can_be_taken_away() -> None:
    """Else logferry would be given its address and no type."""
    sinks = {"search": None, "screen": {"type": "stdout", "topics": ["logs.app"]}}
    objects = render(EXAMPLES / "development.yaml", {"config": {"sinks": sinks}})
    told = values_for_logferry(objects)
    assert "sinks" not in told["config"]
    assert told["sinks"].keys() == {"defaults", "screen"}
    assert {name for name in of_kind(objects, "KafkaUser") if "-sink-" in name} == {"logferry-sink-screen"}
