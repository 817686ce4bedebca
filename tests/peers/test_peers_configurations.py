"""Every program is told the same: which files, which topics, which index, and nothing of anybody else's."""

import json
from pathlib import Path

import pytest
import yaml

from bench.peers import otel, plain_lines
from bench.peers.peer import Command, LeftOutError, Tool, on_path, version_of
from bench.peers.registry import PEERS
from bench.peers.report import OURS
from tests.peers.samples import site

OTHERS = [(name, task) for name, peer in PEERS.items() if name != OURS for task in peer.tasks]
TOOL = Tool(Path("/opt/program"), "1.0", {"LD_LIBRARY_PATH": "/opt/lib"})


def told(command: Command, folder: Path) -> str:
    """All that a program reads: arguments, environment, files of configuration."""
    files = [path.read_text() for path in sorted(folder.iterdir()) if path.is_file()]
    return "\n".join([*command.argv, *command.environment.values(), *files])


@pytest.mark.parametrize(("name", "task"), OTHERS)
def test_a_program_is_told_where_to_read_and_where_to_write(name: str, task: str, tmp_path: Path) -> None:
    where = site(tmp_path)
    words = told(PEERS[name].tasks[task](TOOL, where), tmp_path)
    wanted = {
        "tail": [where.glob, where.raw],
        "route": [where.raw, *where.routed],
        "index": [*where.routed, where.index],
    }
    assert [each for each in wanted[task] if each not in words] == []
    assert where.bootstrap_servers in words
    assert task != "index" or "19200" in words


@pytest.mark.parametrize(("name", "task"), [each for each in OTHERS if each[1] != "index" and each[0] != "logstash"])
def test_what_goes_to_kafka_is_compressed_with_lz4_and_acknowledged_by_all(
    name: str, task: str, tmp_path: Path
) -> None:
    words = told(PEERS[name].tasks[task](TOOL, site(tmp_path)), tmp_path)
    if name == "plain-faust":  # it says so in its code
        words = Path(plain_lines.__file__).with_name("plain_faust.py").read_text()
    assert "lz4" in words
    marks = ("acks=all", "idempotence", "idempotent", "required_acks: -1", "producer_acks=-1")
    assert [mark for mark in marks if mark in words] != []


@pytest.mark.parametrize("name", ["otel-collector", "fluent-bit", "vector", "redpanda-connect", "filebeat"])
def test_a_configuration_in_yaml_can_be_read_again(name: str, tmp_path: Path) -> None:
    for task in PEERS[name].tasks:
        PEERS[name].tasks[task](TOOL, site(tmp_path))
    texts = [path.read_text() for path in tmp_path.iterdir() if path.suffix in (".yaml", ".yml")]
    assert len(texts) == len(PEERS[name].tasks)
    assert all(isinstance(yaml.safe_load(text), dict) for text in texts)


def test_every_program_says_what_a_kill_costs() -> None:
    assert [name for name, peer in PEERS.items() if not peer.guarantee] == []
    assert next(iter(PEERS)) == OURS


def test_a_program_that_is_nowhere_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LeftOutError, match="vector is not on PATH, and no option names it"):
        on_path("vector", "--version")(None)


def test_a_path_that_is_given_is_taken_and_asked_for_its_version(tmp_path: Path) -> None:
    program = tmp_path / "vector"
    program.write_text("#!/bin/sh\necho vector 0.51.0 $1\n")
    program.chmod(0o755)
    assert on_path("vector", "--version")(program) == Tool(program, "vector 0.51.0 --version")


def test_a_program_that_cannot_be_run_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(LeftOutError, match="cannot be run"):
        version_of([str(tmp_path / "nothing")])
    with pytest.raises(LeftOutError, match="ended with 3"):
        version_of(["sh", "-c", "echo broken; exit 3"])


CONTRIB = "github.com/open-telemetry/opentelemetry-collector-contrib"
REFUSED = f"go: {CONTRIB}/exporter/kafkaexporter@v0.164.0: reading https://proxy/x.mod: 403 Forbidden\n\tNo."
UNVERIFIED = (
    f"go: downloading {CONTRIB}/exporter/elasticsearchexporter v0.145.0\n"
    f"go: {CONTRIB}/exporter/elasticsearchexporter@v0.145.0: verifying go.mod: "
    f"{CONTRIB}/exporter/elasticsearchexporter@v0.145.0/go.mod: "
    "reading https://proxy/sumdb/sum/lookup/exporter/elasticsearchexporter@v0.145.0: 404 Not Found"
)


def test_the_collector_is_left_out_with_the_module_that_the_proxy_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_parts: otel.Modules) -> Path:
        raise RuntimeError(REFUSED)

    monkeypatch.setattr(otel, "_built", refused)
    with pytest.raises(LeftOutError) as told_why:
        otel.PEER.find(None)
    assert str(told_why.value) == (
        "cannot be built: kafkaexporter@v0.164.0 is refused by the module proxy (403 Forbidden)"
    )


def test_without_its_elasticsearch_exporter_the_collector_does_all_but_index(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "otelcol"
    program.write_text("#!/bin/sh\necho otelcol version 0.145.0\n")
    program.chmod(0o755)

    def built(parts: otel.Modules) -> Path:
        if f"{CONTRIB}/{otel.FOR_INDEX}" in parts["exporters"]:
            raise RuntimeError(UNVERIFIED)
        return program

    monkeypatch.setattr(otel, "_built", built)
    tool = otel.PEER.find(None)
    reason = "elasticsearchexporter@v0.145.0 cannot be verified by the checksum database (404 Not Found)"
    assert (tool.version, tool.lacks) == ("otelcol version 0.145.0", {"index": f"cannot be built: {reason}"})


def test_the_collector_is_built_of_nothing_but_what_the_tasks_need() -> None:
    config = yaml.safe_load(otel.builder_config(Path("/out")))
    modules = [each["gomod"] for kind in otel.MODULES for each in config[kind]]
    assert all(module.endswith(f" v{otel.VERSION}") for module in modules)
    assert config["dist"]["output_path"] == "/out"


def test_the_plain_way_keeps_warn_and_above_of_json_and_klog() -> None:
    warn = plain_lines.parsed('2026-11-21T01:00:00.1Z stdout F {"level":"warn","msg":"slow"}')
    assert warn is not None
    assert (warn["level"], warn["@timestamp"], json.loads(warn["log"])["msg"]) == (
        "warn",
        "2026-11-21T01:00:00.1Z",
        "slow",
    )
    klog = plain_lines.parsed('2026-11-21T01:00:00Z stderr F E1121 18:34:59.117000       1 a.go:4] "no" src="x" seq=2')
    assert klog is not None
    assert (klog["level"], klog["msg"], klog["src"], klog["seq"]) == ("error", "no", "x", "2")
    assert plain_lines.parsed('2026-11-21T01:00:00Z stdout F {"level":"info"}') is None
    assert plain_lines.parsed("2026-11-21T01:00:00Z stdout F neither") is None
