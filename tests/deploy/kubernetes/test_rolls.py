"""A change of the settings rolls the components that it concerns, and no other."""

from functools import cache
from typing import Any, Final

import pytest

from schemas.settings import parse_settings
from tests.deploy.kubernetes.objects import Object, of_kind, templates
from tests.tools import helm

SETTINGS: Final[dict[str, Any]] = {
    "config": {
        "kafka": {"bootstrap_servers": "kafka:9092"},
        "inputs": {"containers": {"type": "container_files"}},
        "severity": [{"match": "kube.kube-system.**", "minimum": "warn"}],
        "routes": [
            {"match": "**", "minimum": "error", "topic": "logs.errors", "copy": True},
            {"match": "**", "topic": "logs.app"},
        ],
        "sinks": {
            "search": {"type": "elasticsearch", "topics": ["logs.app"], "hosts": ["http://elasticsearch:9200"]},
            "alerts": {"type": "stdout", "topics": ["logs.errors"]},
            "archive": {"type": "object_storage", "topics": ["logs.errors"], "url": "s3://bucket/archive"},
        },
    }
}
SINKS: Final = {"sink search", "sink alerts", "sink archive"}
ALL: Final = {"producer", "pods", "streams", "topics", *SINKS}
ERRORS: Final = {"match": "**", "minimum": "error", "topic": "logs.errors", "copy": True}
APP: Final = {"match": "**", "topic": "logs.app"}


def _component(template: Object) -> str:
    labels = template["metadata"]["labels"]
    return " ".join(filter(None, (labels["app.kubernetes.io/component"], labels.get("logferry.io/sink"))))


@cache
def _before() -> dict[str, tuple[str, Object]]:
    return _pods({})


def _pods(values: dict[str, Any]) -> dict[str, tuple[str, Object]]:
    """By component: the name of what makes its pods, and their template."""
    rendered = helm.template(helm.CHART, SETTINGS, values)
    (settings,) = [each["data"] for each in of_kind(rendered, "ConfigMap") if "logferry.yaml" in each["data"]]
    parse_settings(settings["logferry.yaml"], "logferry.yaml", {})  # a table of wrong settings would prove nothing
    tests = [each for each in rendered if "helm.sh/hook" in each["metadata"].get("annotations", {})]
    return {
        _component(template): (each["metadata"]["name"], template)
        for each, template in templates([each for each in rendered if each not in tests])
    }


def _rolled(values: dict[str, Any]) -> set[str]:
    before, after = _before(), _pods(values)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def in_order(value: object) -> str:
    """Names of tests that are the same in every process."""
    return str(sorted(value)) if isinstance(value, set) else str(value)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"kafka": {"bootstrap_servers": "other:9092"}}, ALL),
        ({"kafka": {"properties": {"linger.ms": "20"}}}, ALL),
        ({"metrics": {"stall_secs": 60}}, ALL - {"topics"}),
        ({"topics": {"prefix": "shop."}}, ALL),
        ({"topics": {"partitions": 16}}, {"streams", "topics"}),
        ({"inputs": {"system": {"type": "files", "path": "/var/log/*.log"}}}, {"producer"}),
        ({"producer": {"chunk_max_bytes": 131072}}, {"producer"}),
        ({"pods": {"resync_interval_secs": 600}}, {"pods"}),
        ({"stream": {"group": "other"}}, {"streams"}),
        ({"parsers": {"shop": {"type": "regex", "pattern": "(?P<message>.*)"}}}, {"streams"}),
        ({"parse": [{"match": "**", "parser": "json"}]}, {"streams"}),
        ({"multiline": [{"match": "**", "mode": "off"}]}, {"streams"}),
        ({"http_status": {"4xx": "info"}}, {"streams"}),
        ({"redaction": [{"match": "**", "detect": ["email"]}]}, {"streams"}),
        ({"transform": [{"match": "**", "remove": ["password"]}]}, {"streams"}),
        ({"attributes": {"max_count": 64}}, {"streams"}),
        ({"severity": []}, {"streams"}),
        ({"sampling": [{"match": "**", "keep_one_in": 2}]}, {"streams"}),
        ({"unmatched": "logs.rest"}, {"streams", "topics"}),
        ({"quotas": [{"namespaces": ["shop"], "bytes_per_minute": 1000}]}, {"streams", "topics"}),
        ({"routes": [{"match": "kube.shop.**", "topic": "logs.shop"}, ERRORS, APP]}, {"streams", "topics"}),
        ({"routes": [ERRORS, {**APP, "format": "json"}]}, {"streams", "topics", "sink search"}),
        ({"sinks": {"search": {"hosts": ["http://other:9200"]}}}, {"sink search"}),
        ({"sinks": {"search": {"topics": ["logs.errors"]}}}, {"sink search", "topics"}),
        ({"sinks": {"more": {"type": "stdout", "topics": ["logs.errors"]}}}, {"sink more"}),
        ({"sinks": {"alerts": {"topics": ["logs.app"]}}}, {"sink alerts"}),
    ],
    ids=in_order,
)  # fmt: skip
def test_a_change_rolls_what_it_concerns(config: dict[str, Any], expected: set[str]) -> None:
    assert _rolled({"config": config}) == expected


@pytest.mark.parametrize(
    "config",
    [{"inputs": {"system": {"type": "files", "path": "/var/log/*.log"}}}, {"severity": []}, {"pods": {"page_size": 9}}],
    ids=in_order,
)
def test_what_rolls_differs_in_its_checksum_alone(config: dict[str, Any]) -> None:
    after = _pods({"config": config})

    for component in _rolled({"config": config}):
        (_, old), (_, new) = _before()[component], after[component]
        old["metadata"]["annotations"] |= {"checksum/config": new["metadata"]["annotations"]["checksum/config"]}
        assert old == new
    _before.cache_clear()


def test_settings_written_in_another_order_roll_nothing() -> None:
    config = SETTINGS["config"]

    assert _rolled({"config": {key: config[key] for key in reversed(config)}}) == set()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"metrics": {"serviceMonitor": {"enabled": True}}}, set()),
        ({"metrics": {"prometheusRule": {"enabled": True}}}, set()),
        ({"metrics": {"grafanaDashboard": {"enabled": True}}}, set()),
        ({"networkPolicy": {"enabled": False}}, set()),
        ({"streams": {"replicas": 5}}, set()),
        ({"streams": {"autoscaling": {"kind": "keda"}}}, set()),
        ({"streams": {"pdb": {"enabled": False}}}, set()),
        ({"streams": {"podAnnotations": {"a": "b"}}}, {"streams"}),
        ({"sinks": {"search": {"podLabels": {"a": "b"}}}}, {"sink search"}),
        ({"producer": {"tolerations": []}}, {"producer"}),
        ({"image": {"tag": "9.9.9"}}, ALL - {"producer"}),
        ({"nodeImage": {"tag": "9.9.9"}}, {"producer"}),
    ],
    ids=in_order,
)
def test_what_is_not_about_a_pod_rolls_none(values: dict[str, Any], expected: set[str]) -> None:
    assert _rolled(values) == expected
