"""`logferry retention` shows what is over with its size, asks, deletes that and nothing else."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import Elasticsearch
from typer.testing import CliRunner, Result

from deploy.cli.app import app
from deploy.local.stack import Stack
from schemas.errors import FatalError, SettingsError
from tests.sinks.elasticsearch_stand_in import DAY_MS, StandIn

OLD_MS = int(time.time() * 1000) - 400 * DAY_MS
_numbers = itertools.count(1)


@pytest.fixture
def cluster() -> Iterator[StandIn]:
    with StandIn(lifecycles=False) as found:
        for day in ("2020.01.01", "2020.01.02", "2099.01.01"):
            found.add_index(f"logstash-{day}", OLD_MS)
        found.add_index("logstash-2020.01.03", OLD_MS, index__lifecycle__name="theirs")
        found.add_index("logstash-old", OLD_MS)
        yield found


Run = Callable[..., Result]


@pytest.fixture
def run(cluster: StandIn, tmp_path: Path) -> Run:
    search = {"type": "elasticsearch", "topics": ["logs.app"], "hosts": [cluster.url]}
    text = yaml.safe_dump({"sinks": {"search": {**search, "retention": "14d"}, "keeps": search}})
    config = tmp_path / "logferry.yaml"
    config.write_text(text)

    def run(*words: str, **more: Any) -> Result:
        return CliRunner().invoke(app, ["retention", *words, "--config", str(config)], **more)

    return run


def test_a_dry_run_shows_and_deletes_nothing(run, cluster):
    result = run("--dry-run")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1].split()[:3] == ["search", "logstash-2020.01.01", "2020-01-01"]
    assert lines[2].split()[:3] == ["search", "logstash-2020.01.02", "2020-01-02"]
    assert lines[-1].startswith("search: 2 (")
    assert lines[-1].endswith("over, 1 kept")
    assert len(cluster.indices) == 5


def test_without_anybody_to_ask_nothing_is_deleted(run, cluster):
    result = run()
    assert isinstance(result.exception, SettingsError)
    assert "--yes" in result.exception.remedy
    assert len(cluster.indices) == 5


@pytest.mark.parametrize(("answer", "left"), [("n\n", 5), ("\n", 5), ("y\n", 3)])
def test_a_person_is_asked_and_no_is_no(run, cluster, answer, left, monkeypatch):
    monkeypatch.setattr("deploy.cli.retention.can_be_asked", lambda: True)
    result = run(input=answer)
    assert "Delete 2 (" in result.stdout
    assert len(cluster.indices) == left


def test_yes_deletes_what_is_over_and_nothing_else(run, cluster):
    result = run("--yes")
    assert result.exit_code == 0
    assert "deleted 2" in result.stdout
    assert sorted(cluster.indices) == ["logstash-2020.01.03", "logstash-2099.01.01", "logstash-old"]
    assert "nothing is over, 1 kept" in run("--yes").stdout


def test_machines_get_json(run, cluster):
    found = json.loads(run("--json", "--dry-run").stdout)
    assert found["dry_run"] is True
    assert found["sinks"] == {"search": {"expired": 2, "kept": 1, "note": ""}}
    assert [(each["name"], each["last_day"], each["deleted"]) for each in found["expired"]] == [
        ("logstash-2020.01.01", "2020-01-01", False),
        ("logstash-2020.01.02", "2020-01-02", False),
    ]
    assert isinstance(run("--json").exception, SettingsError)
    assert all(each["deleted"] for each in json.loads(run("--json", "--yes").stdout)["expired"])


def test_one_that_cannot_be_deleted_does_not_keep_the_others(run, cluster):
    cluster.refusing["DELETE /logstash-2020.01.01"] = 403
    result = run("--yes")
    assert isinstance(result.exception, FatalError)
    assert "logstash-2020.01.01 could not be deleted" in result.exception.problem
    assert sorted(cluster.indices) == [
        "logstash-2020.01.01",
        "logstash-2020.01.03",
        "logstash-2099.01.01",
        "logstash-old",
    ]


def test_sinks_are_named_and_mistakes_explained(run):
    assert "nothing" not in run("search", "--dry-run").stdout
    unknown, keeps = run("serch").exception, run("keeps").exception
    assert isinstance(unknown, SettingsError)
    assert isinstance(keeps, SettingsError)
    assert "search, keeps" in unknown.remedy or "keeps, search" in unknown.remedy
    assert keeps.problem == "sink keeps has no retention: it keeps everything"


def test_a_sink_of_which_everything_is_over_is_doubted(run, cluster):
    del cluster.indices["logstash-2099.01.01"]
    assert "is the clock of this machine right?" in run("--dry-run").stdout


def test_the_real_server_tells_sizes(stack: Stack, tmp_path: Path, monkeypatch):
    url = stack.endpoints.elasticsearch_url
    name = f"cli{os.getpid()}x{next(_numbers)}"
    with Elasticsearch(url) as client:
        for year in ("2020", "2021"):
            client.index(index=f"{name}-{year}.01.01", document={"log": "x" * 1000}, refresh=True)
        search = {"type": "elasticsearch", "topics": ["logs.app"], "hosts": [url], "index": f"{name}-%Y.%m.%d"}
        config = tmp_path / "logferry.yaml"
        config.write_text(yaml.safe_dump({"sinks": {"search": {**search, "retention": "14d"}}}))
        later = time.time() + 30 * DAY_MS / 1000  # an index that was made just now stays
        monkeypatch.setattr("deploy.cli.retention.now", lambda: later)
        result = CliRunner().invoke(app, ["retention", "--config", str(config), "--yes", "--json"])
        found = json.loads(result.stdout)
        assert [(each["records"], each["bytes"] > 500, each["deleted"]) for each in found["expired"]] == [
            (1, True, True),
            (1, True, True),
        ]
        assert client.indices.get(index=f"{name}-*").body == {}
