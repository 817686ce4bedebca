"""Alerts go off when they should and not when they need not, by Prometheus' own words and arithmetic (promtool)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.kubernetes.alert_cases import CASES, Case
from tests.tools import alerts_doc, helm, promtool

SCOPE = 'namespace="logging",app_kubernetes_io_instance="logferry"'
NAMES = [alert["alert"] for alert in alerts_doc.alerts()]


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The groups of the chart's PrometheusRule, as a file of Prometheus."""
    given = {"metrics": {"prometheusRule": {"enabled": True}}}
    objects = helm.template(helm.CHART, helm.CHART / "examples/minimal.yaml", given)
    (found,) = [each for each in objects if each["kind"] == "PrometheusRule"]
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    path.write_text(yaml.safe_dump(found["spec"]))
    return path


def scoped(series: str) -> str:
    """With the labels that Prometheus adds to what it asks this installation for."""
    name, _, labels = series.rstrip("}").partition("{")
    return f"{name}{{{','.join(filter(None, (SCOPE, labels)))}}}"


def as_test(case: Case) -> dict[str, Any]:
    """A case as promtool has it: the alerts that fire are a metric of their own, ALERTS."""
    firing = f'ALERTS{{alertname="{case.alert}",alertstate="firing"}}'
    labels = ",".join(re.findall(r"(\w+)=", case.fires or ""))
    return {
        "name": f"{case.alert} at {case.at}",
        "interval": "1m",
        "input_series": [{"series": scoped(name), "values": values} for name, values in case.series.items()],
        "promql_expr_test": [
            {
                "expr": f"count by ({labels}) ({firing})",
                "eval_time": case.at,
                "exp_samples": [] if case.fires is None else [{"labels": f"{{{case.fires}}}", "value": 1}],
            }
        ],
    }


def judged(rules: Path, *cases: Case) -> tuple[int, str]:
    path = rules.with_name("tests.yaml")
    tests = [as_test(case) for case in cases]
    path.write_text(yaml.safe_dump({"rule_files": [rules.name], "evaluation_interval": "1m", "tests": tests}))
    return promtool.said("test", "rules", str(path))


def test_prometheus_takes_the_rules(rules: Path) -> None:
    status, said = promtool.said("check", "rules", "--lint=all", "--lint-fatal", str(rules))
    assert (status, f"SUCCESS: {len(NAMES)} rules found" in said) == (0, True), said


def test_alerts_go_off_on_the_figures_that_they_are_about_and_no_others(rules: Path) -> None:
    status, said = judged(rules, *CASES)
    assert status == 0, said


def test_an_alert_that_does_not_do_what_is_said_of_it_is_found(rules: Path) -> None:
    late = Case("LogferryTargetDown", {'up{pod="p1"}': "0x60"}, "5m", 'pod="p1"')
    status, said = judged(rules, late)
    assert (status, "LogferryTargetDown" in said, "got: nil" in said) == (1, True, True), said


@pytest.mark.parametrize("name", NAMES)
def test_of_each_alert_it_is_said_when_it_goes_off_and_when_not(name: str) -> None:
    assert {case.fires is None for case in CASES if case.alert == name} == {True, False}


def test_no_case_is_of_an_alert_that_is_gone() -> None:
    assert {case.alert for case in CASES} - set(NAMES) == set()


def _queries_of_dashboards() -> Iterator[str]:
    for path in sorted((helm.CHART / "files/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                text = target["expr"].replace("$__rate_interval", "5m").replace("$__range", "3h")
                yield re.sub(r"\$\{?\w+(:\w+)?\}?", "x", text)


def test_prometheus_takes_the_queries_of_dashboards(tmp_path: Path) -> None:
    recorded = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(_queries_of_dashboards())]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": recorded}]}))
    status, said = promtool.said("check", "rules", str(path))
    assert (status, f"SUCCESS: {len(recorded)} rules found" in said) == (0, True), said
    recorded[0]["expr"] = "sum(rate(logferry_stream_lines_total[5m])"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": recorded}]}))
    assert promtool.said("check", "rules", str(path))[0] != 0


def test_the_page_of_alerts_is_up_to_date() -> None:
    """`python -m tests.tools.alerts_doc` writes it."""
    assert alerts_doc.SECTION.read().strip() == alerts_doc.chapters().strip()
