"""Manifests that people apply as they are: deploy/examples and deploy/kubernetes."""

from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.deploy.kubernetes import fitting, pods_in_order, settings_in_pods
from tests.deploy.kubernetes.justified import Justified, unjustified
from tests.deploy.kubernetes.objects import containers, read, templates
from tests.deploy.kubernetes.rendering import ROOT, declared
from tests.tools import helm, kubeconform, pod_security

FILES: Final = sorted([*(ROOT / "deploy/examples").rglob("*.yaml"), *(ROOT / "deploy/kubernetes").glob("*.yaml")])
MANIFESTS: Final = [each for each in FILES if "values" not in each.name]
VALUES: Final = [each for each in FILES if "values" in each.name]
MINIMAL: Final = helm.CHART / "examples/minimal.yaml"

PROGRAMS_TO_LOOK_AT: Final = Justified(
    "pod-networkpolicy",
    "(DaemonSet|Deployment)/.*",
    ".*does not have a matching NetworkPolicy",
    "What a program may talk to is its namespace's matter; logferry's own pods have their policies.",
)


def _title(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


manifests = pytest.mark.parametrize("file", MANIFESTS, ids=_title)
values = pytest.mark.parametrize("file", VALUES, ids=_title)


@manifests
def test_the_schemas_of_kubernetes_hold(file: Path) -> None:
    assert kubeconform.problems(file.read_text()) == []
    assert read(file.read_text()) != []


@manifests
def test_objects_fit_one_another(file: Path) -> None:
    objects = read(file.read_text())

    assert fitting.doubles(objects) == []
    assert fitting.strays(objects) == []
    assert fitting.unnamed_ports(objects) == []
    assert fitting.absent(objects, set()) == []
    assert pods_in_order.problems(objects) == []


@manifests
def test_what_kube_score_calls_critical_has_its_reason(file: Path) -> None:
    assert unjustified(file.read_text(), PROGRAMS_TO_LOOK_AT) == []


@manifests
def test_all_pods_are_restricted(file: Path) -> None:
    pods = [template for _, template in templates(read(file.read_text()))]

    assert pod_security.violations(pods) == [{} for _ in pods]


@manifests
def test_settings_in_config_maps_are_good(file: Path) -> None:
    objects = read(file.read_text())

    assert [each for _, template in templates(objects) for each in settings_in_pods.problems(objects, template)] == []


@manifests
def test_images_are_those_of_the_chart_s_version(file: Path) -> None:
    """An example of another version would pull what nobody has built."""
    version = yaml.safe_load((helm.CHART / "Chart.yaml").read_text())["appVersion"]
    images = {one["image"] for _, template in templates(read(file.read_text())) for one in containers(template)}

    assert images <= {f"logferry:{version}", f"logferry-node:{version}"}


@values
def test_what_an_example_tells_the_chart_gives_good_objects(file: Path) -> None:
    text = helm.text(helm.CHART, MINIMAL, file)
    objects = read(text)

    assert kubeconform.problems(text) == []
    assert unjustified(text) == []
    assert fitting.unnamed_ports(objects) == []
    assert fitting.absent(objects, set(declared(yaml.safe_load(file.read_text())))) == []
    assert [each for _, template in templates(objects) for each in settings_in_pods.problems(objects, template)] == []


def test_the_pod_for_operators_finds_settings_and_its_user_where_the_charts_put_them() -> None:
    page = (ROOT / "docs/kubernetes.md").read_text()
    text = page.partition('```yaml title="operator.yaml"\n')[2].partition("```")[0]
    (pod,) = read(text)
    mounts = {each["mountPath"]: each["name"] for each in pod["spec"]["containers"][0]["volumeMounts"]}
    volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
    servers = helm.template(helm.SERVERS, helm.SERVERS / "examples/development.yaml")
    (told,) = [each["data"]["values.yaml"] for each in servers if each["kind"] == "ConfigMap"]
    given = yaml.safe_load(told)
    (own,) = given["streams"]["secretMounts"]
    (shared,) = given["secretMounts"]

    assert kubeconform.problems(text) == []
    assert pod_security.violations([{"metadata": {}, "spec": pod["spec"]}]) == [{}]
    assert volumes[mounts[shared["path"]]]["secret"]["secretName"] == shared["secret"]
    assert volumes[mounts[own["path"]]]["secret"]["secretName"] == "logferry-operator"
    assert "logferry-operator" in {each["metadata"]["name"] for each in servers if each["kind"] == "KafkaUser"}
    assert volumes[mounts["/etc/logferry"]]["configMap"]["name"] in {
        each["metadata"]["name"] for each in helm.template(helm.CHART, MINIMAL) if each["kind"] == "ConfigMap"
    }
