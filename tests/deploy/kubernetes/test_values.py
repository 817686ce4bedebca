"""Wrong values are refused by the chart's schema, before anything reaches a cluster, with words that say where.

What a schema cannot tell is in `test_chart_refusals`.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from tests.tools import helm

EXAMPLE: Final = helm.CHART / "examples/minimal.yaml"
SEARCH: Final = {"type": "elasticsearch", "topics": ["logs.app"], "hosts": ["http://elasticsearch:9200"]}

WRONG: Final[list[tuple[dict[str, Any], str]]] = [
    ({"replicas": 3}, "at '': additional properties 'replicas' not allowed"),
    ({"streams": {"replica": 3}}, "at '/streams': additional properties 'replica' not allowed"),
    ({"streams": {"replicas": "three"}}, "at '/streams/replicas': got string, want integer"),
    ({"producer": {"priorityClas": {}}}, "at '/producer': additional properties 'priorityClas' not allowed"),
    ({"image": {"pullPolicy": "Sometimes"}}, "at '/image/pullPolicy': value must be one of 'IfNotPresent', 'Always', "),
    ({"image": {"digest": "abc"}}, "at '/image/digest': 'abc' does not match pattern"),
    ({"metrics": {"port": 99999}}, "at '/metrics/port': maximum: got 99,999, want 65,535"),
    ({"secretMounts": [{"secret": "a", "path": "etc"}]}, "at '/secretMounts/0/path': 'etc' does not match pattern"),
    ({"streams": {"autoscaling": {"kind": "vpa"}}}, "value must be one of 'none', 'keda', 'hpa'"),
    ({"sinks": {"defaults": {"replics": 1}}}, "at '/sinks/defaults': additional properties 'replics' not allowed"),
    ({"sinks": {"search": {"replics": 1}}}, "at '/sinks/search': additional properties 'replics' not allowed"),
    ({"networkPolicy": {"enabled": "yes"}}, "at '/networkPolicy/enabled': got string, want boolean"),
    ({"tests": {"enable": False}}, "at '/tests': additional properties 'enable' not allowed"),
    ({"config": {"kafka": {"bootstrap_server": "x:9092"}}}, "additional properties 'bootstrap_server' not allowed"),
    ({"config": {"routes": [{"match": "**", "topc": "logs.app"}]}}, "additional properties 'topc' not allowed"),
    ({"config": {"sinks": {"search": {**SEARCH, "host": "x"}}}}, "additional properties 'host' not allowed"),
    ({"config": {"inputs": {"a": {"type": "http"}}}}, "at '/config/inputs/a': missing property 'listen'"),
]  # fmt: skip
FREE: Final = (
    "annotations", "commonAnnotations", "commonLabels", "config", "global", "labels", "podAnnotations", "podLabels",
    "affinity", "behavior", "nodeSelector", "podSecurityContext", "resources", "securityContext", "updateStrategy",
    "pdb", "authenticationRef", "liveness", "readiness", "startup",
)  # fmt: skip
"""Maps whose keys are the cluster's or a person's own; config has the schema of the settings."""


@pytest.mark.parametrize(("values", "expected"), WRONG, ids=lambda value: str(value)[:60])
def test_a_wrong_value_is_refused_where_it_stands(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        helm.text(helm.CHART, EXAMPLE, values)

    assert expected in str(refused.value)


@pytest.mark.parametrize("section", ["config", "image", "metrics", "networkPolicy", "producer", "sinks", "tests"])
def test_a_section_taken_away_is_told_in_words(section: str) -> None:
    """``streams: null``: what was meant is `enabled: false`."""
    with pytest.raises(helm.HelmError) as refused:
        helm.text(helm.CHART, EXAMPLE, {section: None})

    assert f"missing property '{section}'" in str(refused.value)


def test_every_map_of_the_values_refuses_what_it_does_not_know() -> None:
    schema = json.loads((helm.CHART / "values.schema.json").read_text())
    values = yaml.safe_load((helm.CHART / "values.yaml").read_text())

    assert sorted(_open_maps("", values, schema, schema["$defs"])) == []


def _open_maps(place: str, values: dict[str, Any], schema: dict[str, Any], defs: dict[str, Any]) -> Iterator[str]:
    """Maps of the default values that any key could be put into."""
    if "$ref" in schema:
        schema = defs[schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("additionalProperties") is not False and not isinstance(schema.get("additionalProperties"), dict):
        yield place or "the whole"
    for name, value in values.items():
        if isinstance(value, dict) and name not in FREE:
            known = schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}
            yield from _open_maps(f"{place}.{name}".lstrip("."), value, known, defs)
