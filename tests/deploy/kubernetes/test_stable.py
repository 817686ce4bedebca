"""What must stay as it is: the same values give the same text, and what Kubernetes cannot change keeps its value."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deploy.kubernetes.objects import Object, name_of
from tests.deploy.kubernetes.rendering import EXAMPLES, manifests, title
from tests.tools import helm

SHUFFLED: Final[dict[str, Any]] = {
    "commonLabels": {"team": "platform"},
    "commonAnnotations": {"contact": "platform"},
    "image": {"tag": "9.9.9"},
    "nodeImage": {"registry": "registry.example", "tag": "9.9.9"},
    "streams": {"replicas": 7, "podLabels": {"a": "b"}, "workers": 2},
    "producer": {"podLabels": {"a": "b"}, "updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}}},
    "pods": {"replicas": 1, "podLabels": {"a": "b"}},
    "sinks": {"defaults": {"replicas": 4, "podLabels": {"a": "b"}}},
    "metrics": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
    "networkPolicy": {"enabled": False},
    "config": {"routes": [{"match": "**", "topic": "logs.other"}]},
}
"""Values that change as much as values can, but for names."""
DRAWN: Final = re.compile(r"(?m)^  password: .*$")
EXAMPLE: Final = helm.CHART / "examples/minimal.yaml"


@pytest.mark.parametrize("example", EXAMPLES, ids=title)
def test_the_same_values_give_the_same_text(example: Path) -> None:
    """But for passwords, which are drawn where the cluster has none yet."""
    assert DRAWN.sub("", helm.text(example.parents[1], example)) == DRAWN.sub("", manifests(example))


def _fixed(each: Object) -> object:
    """What an API server refuses to change in an object that is there."""
    spec = each.get("spec", {})
    match each["kind"]:
        case "Deployment" | "DaemonSet" | "StatefulSet":
            return spec["selector"]
        case "RoleBinding" | "ClusterRoleBinding":
            return each["roleRef"]
        case "PersistentVolumeClaim":
            return {key: value for key, value in spec.items() if key != "resources"}
        case "PriorityClass":
            return each["value"]
        case "Service":
            return spec.get("clusterIP")
        case _:
            return None


def _fixed_in(values: dict[str, Any], release: str = "logferry") -> dict[str, object]:
    rendered = helm.template(helm.CHART, EXAMPLE, values, release=release)
    return {name_of(each): fixed for each in rendered if (fixed := _fixed(each)) is not None}


def test_no_value_changes_what_kubernetes_cannot_change() -> None:
    before, after = _fixed_in({}), _fixed_in(SHUFFLED)

    assert {name: after[name] for name in before} == before


def test_a_selector_has_the_names_of_chart_release_and_component_alone() -> None:
    assert _fixed_in({}, release="shop")["Deployment/shop-logferry-sink-search"] == {
        "matchLabels": {
            "app.kubernetes.io/name": "logferry",
            "app.kubernetes.io/instance": "shop",
            "app.kubernetes.io/component": "sink",
            "logferry.io/sink": "search",
        }
    }


def test_another_chart_version_changes_no_selector(tmp_path: Path) -> None:
    helm.run("package", helm.CHART, "--version", "99.0.0", "--app-version", "99.0.0", "--destination", tmp_path)

    rendered = helm.template(tmp_path / "logferry-99.0.0.tgz", EXAMPLE)

    assert {name_of(each): fixed for each in rendered if (fixed := _fixed(each)) is not None} == _fixed_in({})
