"""Every example values file of both charts gives objects that are right, safe and fit one another."""

from pathlib import Path

import pytest

from schemas.settings import parse_settings
from tests.deploy.kubernetes import fitting, pods_in_order, settings_in_pods
from tests.deploy.kubernetes.justified import CHOSEN_BY_OPENSHIFT, JUSTIFIED, unjustified
from tests.deploy.kubernetes.objects import of_kind, templates
from tests.deploy.kubernetes.rendering import EXAMPLES, OWN, external, manifests, objects, title
from tests.tools import helm, kube_score, kubeconform

examples = pytest.mark.parametrize("example", EXAMPLES, ids=title)
own_examples = pytest.mark.parametrize("example", OWN, ids=title)


@examples
def test_helm_finds_nothing_to_say(example: Path) -> None:
    said = helm.lint(example.parents[1], example)

    assert "[WARNING]" not in said
    assert "[ERROR]" not in said


@examples
def test_the_schemas_of_kubernetes_and_of_the_operators_hold(example: Path) -> None:
    assert kubeconform.problems(manifests(example)) == []
    assert objects(example) != []


@examples
def test_what_kube_score_calls_critical_has_its_reason(example: Path) -> None:
    more = (CHOSEN_BY_OPENSHIFT,) if example.stem == "openshift" else ()

    assert unjustified(manifests(example), *more) == []


def test_no_reason_is_given_for_what_is_not_there() -> None:
    found = [each for example in OWN for each in kube_score.criticals(manifests(example))]

    assert {check for _, check, _ in found} == {each.check for each in JUSTIFIED}


@examples
def test_objects_fit_one_another(example: Path) -> None:
    rendered = objects(example)

    assert fitting.doubles(rendered) == []
    assert fitting.strays(rendered) == []
    assert fitting.unnamed_ports(rendered) == []
    assert fitting.absent(rendered, external(example)) == []


@examples
def test_containers_have_all_that_they_should(example: Path) -> None:
    assert pods_in_order.problems(objects(example)) == []


@own_examples
def test_the_settings_are_good_as_each_pod_sees_them(example: Path) -> None:
    rendered = objects(example)

    found = [each for _, template in templates(rendered) for each in settings_in_pods.problems(rendered, template)]
    seen = [template for _, template in templates(rendered) if settings_in_pods.is_of_ours(template)]

    assert found == []
    assert len(seen) >= 2  # a producer or relay apart, there is always the Job or a stage


@own_examples
def test_config_check_has_nothing_to_say_about_the_config_map(example: Path) -> None:
    maps = [each for each in of_kind(objects(example), "ConfigMap") if "logferry.yaml" in each["data"]]

    (text,) = [each["data"]["logferry.yaml"] for each in maps]

    assert parse_settings(text, "logferry.yaml", {}).kafka.bootstrap_servers


@own_examples
def test_every_object_says_whose_it_is(example: Path) -> None:
    wanted = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart"}

    for each in objects(example):
        assert wanted <= each["metadata"]["labels"].keys(), each["metadata"]["name"]


@own_examples
def test_every_object_of_a_namespace_is_in_the_release_s_or_in_one_that_was_named(example: Path) -> None:
    cluster_wide = ("ClusterRole", "ClusterRoleBinding", "PriorityClass")

    for each in objects(example):
        assert ("namespace" in each["metadata"]) == (each["kind"] not in cluster_wide), each["metadata"]["name"]


@own_examples
def test_only_the_pod_watcher_has_a_token(example: Path) -> None:
    with_token = {
        template["metadata"]["labels"].get("app.kubernetes.io/component")
        for _, template in templates(objects(example))
        if template["spec"].get("automountServiceAccountToken") is not False
    }

    assert with_token <= {"pods"}
