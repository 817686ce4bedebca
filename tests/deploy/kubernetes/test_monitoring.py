"""Alerts and dashboards of the chart ask for what the stages tell, in Prometheus' language, and explain themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from schemas.metrics import METRICS
from tests.tools import helm

FILES = helm.CHART / "files"
DASHBOARDS = sorted((FILES / "dashboards").glob("*.json"))
GIVEN_BY_PROMETHEUS = {"namespace", "pod", "node", "app_kubernetes_io_instance", "worker"}
"""Labels of every series: of the target, by the chart's ServiceMonitor; `worker` where several share a pod."""
ALERTS: list[dict[str, str]] = yaml.safe_load((FILES / "alerts.yaml").read_text())
SCOPE = 'namespace="logging",app_kubernetes_io_instance="logferry"'


def _rule(name: str = "LogferryBytesLost", **values: Any) -> dict[str, Any]:
    (rule,) = [each for each in _rules(**values) if each["alert"] == name]
    return rule


def _rules(**values: Any) -> list[dict[str, Any]]:
    given = {"metrics": {"prometheusRule": {"enabled": True, **values.pop("rule", {})}}, **values}
    objects = helm.template(helm.CHART, helm.CHART / "examples/minimal.yaml", given)
    (found,) = [each for each in objects if each["kind"] == "PrometheusRule"]
    rules: list[dict[str, Any]] = found["spec"]["groups"][0]["rules"]
    return rules


def _panels() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in DASHBOARDS:
        yield from ((path, panel) for panel in json.loads(path.read_text())["panels"] if panel["type"] != "row")


def _queries() -> Iterator[tuple[str, str]]:
    for alert in ALERTS:
        yield alert["alert"], alert["expr"].replace("SCOPE", SCOPE)
    for path, panel in _panels():
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "5m").replace("$__range", "3h")
            yield f"{path.stem}: {panel['title']}", expression


QUERIES = list(_queries())


def _metric(name: str) -> str:
    """What a series is of: histograms have several."""
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    return stem if stem in METRICS and METRICS[stem].kind == "histogram" else name


def _unknown(expression: str) -> list[str]:
    """Metrics and labels of an expression that no stage tells of."""
    found = []
    for metric, matchers in re.findall(r"\b(logferry_\w+|up)\b(?:\{([^}]*)\})?", expression):
        labels = {*re.findall(r"(\w+)\s*=?[=!]~?", matchers), *_grouped(expression)}
        labels = {label.removeprefix("exported_") for label in labels}
        if metric == "up":
            continue
        if _metric(metric) not in METRICS:
            found.append(metric)
            continue
        found += [f"{metric}: {label}" for label in labels - GIVEN_BY_PROMETHEUS if label not in _labels(expression)]
    return found


def _grouped(expression: str) -> set[str]:
    return {label.strip() for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression) for label in group.split(",")}


def _labels(expression: str) -> set[str]:
    buckets = {"le"} if "_bucket" in expression else set()
    return buckets | {label for name, metric in METRICS.items() if name in expression for label in metric.labels}


@pytest.mark.parametrize(("where", "expression"), QUERIES, ids=[where for where, _ in QUERIES])
def test_a_query_is_prometheus_language(where: str, expression: str) -> None:
    promql_parser.parse(expression)


@pytest.mark.parametrize(("where", "expression"), QUERIES, ids=[where for where, _ in QUERIES])
def test_a_query_asks_for_what_stages_tell(where: str, expression: str) -> None:
    assert _unknown(expression) == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(logferry_sink_retry_total[5m])", ["logferry_sink_retry_total"]),
        ('logferry_sink_retries_total{reason="x"}', ["logferry_sink_retries_total: reason"]),
        ("sum by (topic) (logferry_pods_leading)", ["logferry_pods_leading: topic"]),
        ("sum by (sink, pod) (logferry_sink_retries_total)", []),
        ("sum by (le, sink) (rate(logferry_sink_latency_seconds_bucket[5m]))", []),
        ("logferry_sink_retries_total_bucket", ["logferry_sink_retries_total_bucket"]),
    ],
)
def test_what_no_stage_tells_is_found(expression: str, expected: list[str]) -> None:
    assert _unknown(expression) == expected


@pytest.mark.parametrize("alert", ALERTS, ids=[each["alert"] for each in ALERTS])
def test_an_alert_says_what_is_wrong_and_what_to_do(alert: dict[str, str]) -> None:
    assert {"alert", "of", "expr", "severity", "summary", "description", "action", "see"} <= alert.keys()
    assert alert["severity"] in {"critical", "warning", "info"}
    assert alert["of"] in {"producer", "pods", "streams", "sink", "all"}
    assert not alert["summary"].endswith(".")
    assert alert["description"].endswith(".")
    assert alert["action"].endswith(".")


def _first_steps_unseen(alert: dict[str, str]) -> list[str]:
    """Counters that are only there once they count, and whose first step the alert would not see."""
    counted = re.findall(r"increase\((logferry_\w+)", alert["expr"])
    return [
        name
        for name in counted
        if METRICS[name].labels
        and "for" not in alert
        and not re.search(rf"unless {name}\{{[^}}]*}} offset", alert["expr"])
    ]


@pytest.mark.parametrize("alert", ALERTS, ids=[each["alert"] for each in ALERTS])
def test_an_alert_sees_the_first_of_what_may_happen_only_once(alert: dict[str, str]) -> None:
    assert _first_steps_unseen(alert) == []


def _hidden(expression: str) -> bool:
    """Whether it groups by a label that the target's own, of the same name, has taken the place of."""
    names = re.findall(r"\b(logferry_\w+)", expression)
    return "namespace" in _grouped(expression) and any("namespace" in METRICS[_metric(name)].labels for name in names)


@pytest.mark.parametrize(("where", "expression"), QUERIES, ids=[where for where, _ in QUERIES])
def test_a_namespace_of_logs_is_not_taken_for_that_of_the_stage(where: str, expression: str) -> None:
    assert not _hidden(expression)


@pytest.mark.parametrize("alert", ALERTS, ids=[each["alert"] for each in ALERTS])
def test_the_chapter_that_an_alert_names_is_there(alert: dict[str, str]) -> None:
    path, _, chapter = alert["see"].partition("#")
    text = (helm.ROOT / path).read_text()
    headings = [
        re.sub(r"[^\w\s-]", "", line.lstrip("# ").lower()).strip().replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    ]
    assert not chapter or chapter in headings


def test_alerts_are_about_this_installation_alone() -> None:
    rules = _rules()
    assert "SCOPE" not in json.dumps(rules)
    assert "SINK" not in json.dumps(rules)
    assert all(SCOPE in rule["expr"] for rule in rules)


def test_an_alert_keeps_the_words_that_prometheus_fills_in() -> None:
    assert _rule()["annotations"]["summary"] == "Log lines were lost on {{ $labels.node }}"
    assert _rule()["annotations"]["runbook"] == "docs/alerts.md#logferrybyteslost"


def test_the_runbook_of_each_alert_is_a_chapter_of_its_own() -> None:
    rules = {rule["alert"]: rule["annotations"]["runbook"] for rule in _rules()}
    headings = re.findall(r"^## (\w+)$", (helm.ROOT / "docs/alerts.md").read_text(), re.MULTILINE)
    assert rules == {heading: f"docs/alerts.md#{heading.lower()}" for heading in headings}


def test_alerts_that_are_not_wanted_or_about_nothing_are_left_out() -> None:
    everything = {each["alert"] for each in ALERTS}
    assert {each["alert"] for each in _rules()} == everything
    fewer = _rules(rule={"disabled": ["LogferrySinkRetries"]}, pods={"enabled": False})
    of_pods = {each["alert"] for each in ALERTS if each["of"] == "pods"}
    assert everything - {each["alert"] for each in fewer} == {"LogferrySinkRetries", *of_pods}


def test_each_sink_that_is_deployed_is_missed_when_it_is_away() -> None:
    sink = {"type": "stdout", "topics": ["logs.app"]}
    config = {"sinks": {"Raw_1": sink, "off": sink}}
    rules = [each for each in _rules(config=config, sinks={"off": {"enabled": False}}) if "Away" in each["alert"]]
    assert {each["labels"]["sink"]: each["annotations"]["summary"] for each in rules} == {
        "raw-1": "Sink raw-1 does not run",
        "search": "Sink search does not run",
    }
    scope = f'{SCOPE},logferry_io_sink="raw-1"'
    assert rules[0]["expr"] == f"absent(up{{{scope}}} == 1)"


@pytest.mark.parametrize(
    ("path", "panel"), list(_panels()), ids=lambda each: each["title"] if isinstance(each, dict) else each.stem
)
def test_a_panel_has_unit_and_description(path: Path, panel: dict[str, Any]) -> None:
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["description"].endswith(".")
    assert panel["targets"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_neither_share_a_number_nor_lie_upon_one_another(path: Path) -> None:
    panels = json.loads(path.read_text())["panels"]
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_dashboards_come_as_they_are_where_grafana_looks() -> None:
    values = {"metrics": {"grafanaDashboard": {"enabled": True, "namespace": "monitoring"}}}
    maps = {
        each["metadata"]["name"]: each
        for each in helm.template(helm.CHART, values)
        if each["kind"] == "ConfigMap" and "dashboard" in each["metadata"]["name"]
    }
    assert maps.keys() == {f"logferry-dashboard-{path.stem}" for path in DASHBOARDS}
    for path in DASHBOARDS:
        found = maps[f"logferry-dashboard-{path.stem}"]
        assert found["metadata"]["namespace"] == "monitoring"
        assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert json.loads(found["data"][f"logferry-{path.stem}.json"]) == json.loads(path.read_text())
