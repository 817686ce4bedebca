"""`logferry health`: where it asks, what it prints, how it ends, and that it needs next to nothing for it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.health import Health
from runtime.metrics import Metrics
from schemas.settings import MetricsSettings

HEAVY = {"typer", "rich", "pydantic", "yaml", "http.client", "ssl", "asyncio", "schemas.settings"}


class Stage:
    """An endpoint of a stage, in this process."""

    def __init__(self) -> None:
        self.health = Health(60)
        self.port = Metrics("sink").serve(MetricsSettings(), self.health)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LOGFERRY_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "deploy.cli", "health", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=folder,
        env=environ | {"PYTHONPATH": str(Path(__file__).parents[3])} | variables,
    )


def test_a_stage_that_is_well_ends_with_0_and_one_that_is_not_says_why(tmp_path: Path, stage: Stage) -> None:
    port = {"LOGFERRY_METRICS__PORT": str(stage.port)}
    stage.health.ready_if(lambda _: "the destination is not ready yet")
    live, ready = run(tmp_path, **port), run(tmp_path, "--ready", **port)
    assert (live.returncode, live.stdout, live.stderr) == (0, "ok\n", "")
    assert (ready.returncode, ready.stdout, ready.stderr) == (1, "", "the destination is not ready yet\n")


def test_machines_get_json(tmp_path: Path, stage: Stage) -> None:
    ran = run(tmp_path, "--json", "--ready", "--port", str(stage.port))
    url = f"http://127.0.0.1:{stage.port}/ready"
    assert json.loads(ran.stdout) == {"ok": True, "url": url, "status": 200, "said": ["ok"]}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "127.0.0.1", "localhost"])
def test_an_address_to_listen_on_is_asked_where_it_can_be_reached(tmp_path: Path, host: str) -> None:
    health = Health(60)
    port = Metrics("sink").serve(MetricsSettings(host=host), health)
    (tmp_path / "logferry.yaml").write_text(f"metrics: {{host: '{host}', port: {port}}}\n")
    assert run(tmp_path).returncode == 0


def test_the_environment_goes_before_the_file_and_options_before_both(tmp_path: Path, stage: Stage) -> None:
    (tmp_path / "own.yaml").write_text("metrics: {port: 1}\n")
    named = {"LOGFERRY_CONFIG": str(tmp_path / "own.yaml")}
    assert "127.0.0.1:1/live" in run(tmp_path, **named).stderr
    assert run(tmp_path, **named, LOGFERRY_METRICS__PORT=str(stage.port)).returncode == 0
    assert run(tmp_path, **named, LOGFERRY_METRICS=f"{{port: {stage.port}}}").returncode == 0
    assert run(tmp_path, "--port", str(stage.port), **named, LOGFERRY_METRICS__PORT="2").returncode == 0
    assert run(tmp_path, "--url", f"http://127.0.0.1:{stage.port}", LOGFERRY_METRICS__PORT="2").returncode == 0
    assert run(tmp_path, "--url", f"http://127.0.0.1:{stage.port}/ready/").returncode == 0
    assert run(tmp_path, "-c", str(tmp_path / "own.yaml"), "--port", str(stage.port)).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nobody says which port to ask"),
        (("--port", "0"), "nobody says which port to ask"),
        (("--port", "70000"), "nobody says which port to ask"),
        (("--url", "https://127.0.0.1:1"), "not an address of an endpoint"),
        (("--url", "http://127.0.0.1:x"), "not an address"),
        (("--url", "http://127.0.0.1:1/a b"), "not an address of an endpoint"),
        (("--config", "/nowhere.yaml"), "the settings cannot be read"),
        (("--port", "nine"), "invalid int value"),
        (("--rdy",), "unrecognized arguments: --rdy"),
    ],
)
def test_mistakes_are_told_with_2_and_without_a_traceback(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    ran = run(tmp_path, *words)
    assert (ran.returncode, said in ran.stderr, "Traceback" in ran.stderr) == (2, True, False), ran.stderr


def test_settings_that_are_no_yaml_say_nothing_of_a_port(tmp_path: Path) -> None:
    (tmp_path / "logferry.yaml").write_text("metrics: {port: [\n")
    assert run(tmp_path).returncode == 2


def test_a_port_where_nobody_listens_is_no_health(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    ran = run(tmp_path, "--port", str(port))
    assert (ran.returncode, ran.stderr) == (
        1,
        f"nothing answers at http://127.0.0.1:{port}/live: Connection refused\n",
    )


@pytest.fixture
def babbling() -> Iterator[socket.socket]:
    """Takes connections, and says something that is no HTTP."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            while True:
                with server.accept()[0] as client:
                    client.recv(1000)
                    client.sendall(b"220 mail.example.org ESMTP\r\n")
        except OSError:
            return

    thread = threading.Thread(target=serve)
    thread.start()
    yield server
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_something_else_on_the_port_is_no_health(tmp_path: Path, babbling: socket.socket) -> None:
    ran = run(tmp_path, "--port", str(babbling.getsockname()[1]))
    assert (ran.returncode, "does not speak HTTP" in ran.stderr) == (1, True)


def test_a_stage_that_takes_connections_and_says_nothing_is_no_health(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ran = run(tmp_path, "--timeout", "0.3", "--port", str(silent.getsockname()[1]))
    assert (ran.returncode, "no answer in time" in ran.stderr) == (1, True)


def test_it_starts_without_what_other_commands_need(stage: Stage) -> None:
    code = (
        "import sys; from deploy.cli import main; sys.argv[1:] = sys.argv[1:]\n"
        "try: main()\nexcept SystemExit as end: print(end.code, *sys.modules)"
    )
    variables = {"LOGFERRY_METRICS__PORT": str(stage.port), "LOGFERRY_METRICS__HOST": "0.0.0.0"}
    ran = subprocess.run(
        [sys.executable, "-c", code, "health"], capture_output=True, text=True, check=True, env=os.environ | variables
    )
    said, (status, *modules) = ran.stdout.splitlines()[0], ran.stdout.splitlines()[-1].split()
    assert (said, status, HEAVY & set(modules)) == ("ok", "0", set())
