"""compose.yaml is read by the loader that Docker Compose itself has, and says what its services need of each other."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.settings import parse_settings
from tests.tools import go
from tests.tools.images import ROOT

FOLDER = ROOT / "deploy/docker"
COMPOSE_GO = "2.16.2"
SERVERS = {"kafka", "elasticsearch", "kibana", "minio"}
STAGES = {"producer", "stream", "sink-search", "sink-archive"}
ONCE = {"bucket", "topics", "dashboard"}
DEMO = {"timecheck", "numbers-api", "numbers-client", "gallery"}


def loader() -> Path:
    def install(part: Path) -> None:
        go.run(["install", f"github.com/compose-spec/compose-go/v2/cmd@v{COMPOSE_GO}"], {"GOBIN": str(part)})

    return go.made(f"compose-go-{COMPOSE_GO}", install) / "cmd"


def load(path: Path) -> subprocess.CompletedProcess[str]:
    command = [loader(), "-format", "json", path]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=path.parent)


@cache
def services() -> dict[str, dict[str, Any]]:
    """As Compose understands them: anchors, short forms and defaults are resolved."""
    done = load(FOLDER / "compose.yaml")
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)["services"]
    return found


def settings() -> Any:
    return parse_settings((FOLDER / "logferry.yaml").read_text(), "logferry.yaml", {})


def test_compose_knows_every_service() -> None:
    assert set(services()) == SERVERS | STAGES | ONCE | DEMO


def test_a_mistake_in_it_would_be_seen(tmp_path: Path) -> None:
    text = (FOLDER / "compose.yaml").read_text().replace("healthcheck:", "healthchecks:", 1)
    (tmp_path / "compose.yaml").write_text(text)
    assert "healthchecks" in load(tmp_path / "compose.yaml").stderr


@pytest.mark.parametrize("name", sorted(STAGES | ONCE - {"bucket"} | DEMO))
def test_what_is_ours_has_a_read_only_root_and_no_rights(name: str) -> None:
    service = services()[name]
    told = (service["read_only"], service["cap_drop"], service["security_opt"], service["tmpfs"])
    assert told == (True, ["ALL"], ["no-new-privileges:true"], ["/tmp"])
    is_producer = name == "producer"
    assert service.get("cap_add", []) == (["DAC_READ_SEARCH"] if is_producer else [])
    assert service.get("user", "") == ("0:0" if is_producer else "")


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_every_server_says_when_it_is_ready_and_listens_on_loopback_alone(name: str) -> None:
    assert services()[name]["healthcheck"]["test"][0] == "CMD"
    assert {port["host_ip"] for port in services()[name].get("ports", [])} <= {"127.0.0.1"}


def test_everything_waits_for_what_it_needs() -> None:
    needs = {
        name: {(other, told["condition"].removeprefix("service_")) for other, told in service["depends_on"].items()}
        for name, service in services().items()
        if "depends_on" in service
    }
    topics = ("topics", "completed_successfully")
    assert needs == {
        "kibana": {("elasticsearch", "healthy")},
        "bucket": {("minio", "healthy")},
        "topics": {("kafka", "healthy")},
        "dashboard": {("kibana", "healthy")},
        "producer": {topics},
        "stream": {topics},
        "sink-search": {topics, ("elasticsearch", "healthy")},
        "sink-archive": {topics, ("bucket", "completed_successfully")},
        "timecheck": {topics},
        "numbers-api": {topics},
        "numbers-client": {("numbers-api", "started")},
        "gallery": {topics},
    }


def test_what_runs_once_is_tried_again_only_when_it_fails() -> None:
    assert {services()[name]["restart"] for name in ONCE} == {"on-failure:5"}
    assert {name for name, each in services().items() if each.get("healthcheck", {}).get("disable")} == ONCE | DEMO


def test_the_stages_are_those_of_the_settings() -> None:
    commands = {name: services()[name]["command"] for name in STAGES}
    sinks = {tuple(command) for command in commands.values() if command[0] == "sink"}
    assert sinks == {("sink", name) for name in settings().sinks}
    assert (commands["producer"], commands["stream"]) == (["produce"], ["stream"])
    assert settings().metrics.port != 0  # the health check has to find it


def test_hosts_of_the_settings_are_services() -> None:
    text = (FOLDER / "logferry.yaml").read_text()
    named = set(re.findall(r"(?:http://|servers: \")([a-z-]+):\d+", text))
    assert named == {"kafka", "elasticsearch", "minio"}


def test_demo_programs_exist() -> None:
    modules = [services()[name]["entrypoint"][-1] for name in DEMO]
    assert [each for each in modules if not (ROOT / f"{each.replace('.', '/')}.py").exists()] == []


def test_targets_of_the_build_are_those_of_the_dockerfile() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE))
    builds = {service["image"]: service["build"]["target"] for service in services().values() if "build" in service}
    assert builds == {"logferry": "logferry", "logferry-node": "node"}
    assert set(builds.values()) <= stages
    assert yaml.safe_load((FOLDER / "compose.yaml").read_text())["name"] == "logferry"
