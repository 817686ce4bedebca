"""What the chart tells people: its schema, its README, its notes after an installation, and what `helm test` asks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.kubernetes.chart import SEARCH, made
from tests.tools import chart_schema, chart_values, helm

SCHEMA = json.loads(chart_schema.FILE.read_text())
FIND = helm.CHART / "files/find_line.py"


def test_the_schema_of_config_is_that_of_the_settings() -> None:
    """After a change of the settings: ``python -m tests.tools.chart_schema``."""
    assert chart_schema.written(chart_schema.with_settings(SCHEMA)) == chart_schema.FILE.read_text()


def test_the_readme_lists_every_value() -> None:
    """After a change of values or schema: ``python -m tests.tools.chart_values``."""
    assert chart_values.written(chart_values.README.read_text()) == chart_values.README.read_text()


def _undescribed(place: str, node: dict[str, Any]) -> list[str]:
    found = [] if node.get("description") or "$ref" in node else [place]
    for name, each in node.get("properties", {}).items():
        found += _undescribed(f"{place}.{name}", each)
    return found


def test_every_value_is_described_and_no_other_is_taken() -> None:
    assert [each for name, node in SCHEMA["properties"].items() for each in _undescribed(name, node)] == []
    assert SCHEMA["additionalProperties"] is False


def _keys(place: str, values: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Values that the schema does not name."""
    found = []
    for name, value in values.items():
        node = schema.get("properties", {}).get(name)
        if node is None and schema.get("properties") and schema.get("additionalProperties") is False:
            found.append(f"{place}{name}")
        elif node is not None and isinstance(value, dict):
            found += _keys(f"{place}{name}.", value, node)
    return found


def test_every_default_is_a_value_that_is_known() -> None:
    values = yaml.safe_load((helm.CHART / "values.yaml").read_text())
    assert _keys("", {key: each for key, each in values.items() if key != "config"}, SCHEMA) == []


@pytest.fixture(scope="module")
def with_notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart, with its notes as an object: Helm shows them only when it installs."""
    chart = tmp_path_factory.mktemp("notes") / "logferry"
    shutil.copytree(helm.CHART, chart)
    notes = (chart / "templates/NOTES.txt").rename(chart / "NOTES.txt").read_text()
    text = '{{ define "notes" }}%s{{ end }}\nkind: Notes\ntext: {{ include "notes" . | toJson }}\n'
    (chart / "templates/notes.yaml").write_text(text % notes)
    return chart


def _notes(chart: Path, config: dict[str, Any], **values: Any) -> str:
    given = {"config": {"kafka": {"bootstrap_servers": "kafka:9092"}, **config}, **values}
    (found,) = [each for each in helm.template(chart, given) if each["kind"] == "Notes"]
    return re.sub(r"\s+", " ", found["text"])


def test_notes_say_what_is_there_and_how_to_search(with_notes: Path) -> None:
    said = _notes(with_notes, {"sinks": {"search": SEARCH}, "inputs": {"otlp": {"type": "http", "listen": ":4318"}}})
    assert "sink search Deployment logferry-sink-search (elasticsearch)" in said
    assert "exec deploy/logferry-sink-search -c sink -- logferry search" in said
    assert "helm test logferry -n logging" in said
    assert "otlp: logferry-inputs.logging:4318 (TCP)" in said
    assert "Look at this" not in said


DISK = {"type": "file", "topics": ["logs.app"], "path": "/out/{day}.log"}


@pytest.mark.parametrize(
    ("config", "values", "words"),
    [
        ({}, {}, "config.sinks is empty"),
        ({"kafka": {"bootstrap_servers": "a:9092,b:9092"}}, {}, "replication_factor is 1 and 2 brokers are named"),
        ({"sinks": {"disk": DISK}}, {}, "sinks.disk writes to a volume of one pod (/out)"),
        ({"sinks": {"disk": DISK}}, {"sinks": {"disk": {"persistence": {"enabled": False}}}}, "is gone with its pod"),
        ({"sinks": {"a": {"type": "otlp", "topics": ["logs.app"]}}}, {}, "config.sinks.a has no address"),
        ({"topics": {"partitions": 2}}, {"streams": {"replicas": 3}}, "3 workers for 2 partitions"),
        ({}, {"streams": {"autoscaling": {"kind": "keda"}}}, "this cluster has no KEDA"),
        ({}, {"pods": {"enabled": False}}, "records have no labels"),
        ({"inputs": {"a": {"type": "http", "listen": "127.0.0.1:80"}}}, {}, "only the producer's own pod reaches"),
    ],
)
def test_notes_warn_of_what_is_missing(
    config: dict[str, Any], values: dict[str, Any], words: str, with_notes: Path
) -> None:
    assert words in _notes(with_notes, config, **values)


def test_the_page_shows_values_that_helm_takes() -> None:
    text = (helm.ROOT / "docs/kubernetes.md").read_text()
    shown = re.findall(r'^ *```yaml title="values\.yaml"\n(.*?)^ *```$', text, re.MULTILINE | re.DOTALL)
    assert shown
    for each in shown:
        assert made(**yaml.safe_load(each))


def test_helm_test_asks_each_component_that_is_there() -> None:
    objects = made({"sinks": {"To_S3": {"type": "object_storage", "topics": ["logs.app"], "url": "s3://a"}}})
    (ready,) = [each for each in objects if each["metadata"]["name"] == "logferry-test-ready"]
    asked = [each["args"][-1] for each in ready["spec"]["containers"]]
    services = {each["metadata"]["name"] for each in objects if each["kind"] == "Service"}
    assert asked == [f"http://logferry-{name}:9090" for name in ("producer", "pods", "streams", "sink-to-s3")]
    assert {re.split("[/:]", each)[3] for each in asked} <= services


def test_helm_test_sends_a_line_as_the_producer_and_looks_for_it_as_the_sink() -> None:
    mounts = {"secretMounts": [{"secret": "producer", "path": "/etc/logferry/kafka"}]}
    of_sink = {"search": {"secretMounts": [{"secret": "sink", "path": "/etc/logferry/kafka"}]}}
    pods = {
        each["metadata"]["name"]: each["spec"] for each in made(producer=mounts, sinks=of_sink) if each["kind"] == "Pod"
    }
    send, find = pods["logferry-test-send"], pods["logferry-test-find"]
    line = send["containers"][0]["args"][-1]
    assert find["containers"][0]["command"][4:] == [f'log:"{line}"', "120", "--sink", "search"]
    assert [each["secret"]["secretName"] for each in send["volumes"] if "secret" in each] == ["producer"]
    assert [each["secret"]["secretName"] for each in find["volumes"] if "secret" in each] == ["sink"]


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ("echo 'a line'", 0, "found after 0 s: a line"),
        ("echo nothing found >&2", 1, "not found in 0 s: log:x\nnothing found"),
        ("echo cannot >&2; exit 1", 1, "cannot"),
    ],
)
def test_the_search_of_helm_test_ends_well_only_where_the_line_is(
    answer: str, status: int, said: str, tmp_path: Path
) -> None:
    program = tmp_path / "logferry"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [sys.executable, "-P", "-c", FIND.read_text(), "log:x", "0"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=30)
    assert done.returncode == status
    assert said in done.stdout + done.stderr
