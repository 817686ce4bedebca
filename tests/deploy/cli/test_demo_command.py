"""`logferry demo` and `logferry up --demo` say what is wrong with manifests before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.app import app
from deploy.up.run import stages_of
from schemas.errors import SettingsError
from schemas.settings import parse_settings

POD = """
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: IMAGE}]}
"""


def refusal(*words: str) -> SettingsError:
    """What a command refuses."""
    result = CliRunner().invoke(app, list(words))
    assert isinstance(result.exception, SettingsError), result.output
    return result.exception


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "pod.yaml"
    path.write_text(POD.replace("IMAGE", "nginx"))
    return path


@pytest.mark.parametrize("command", [["demo", "--root"], ["up", "--demo", "--data"]])
def test_a_foreign_image_is_refused(manifest: Path, tmp_path: Path, command: list[str]) -> None:
    error = refusal(*command, str(tmp_path / "new"), "--manifest", str(manifest))
    assert (error.problem, error.where) == ("the demo cannot run image nginx", "pod default/p, container c")
    assert not (tmp_path / "new" / "node").exists()


def test_a_manifest_without_pods_is_refused(manifest: Path, tmp_path: Path) -> None:
    manifest.write_text("")
    error = refusal("demo", "--root", str(tmp_path), "--manifest", str(manifest))
    assert (error.problem, error.where) == ("no pod is to run", str(manifest))


def test_a_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "gone.yaml" in str(refusal("demo", "--root", str(tmp_path), "--manifest", str(tmp_path / "gone.yaml")))


@pytest.mark.parametrize("given", ["LEVEL", "=debug", ""])
def test_a_variable_without_name_or_value_is_refused(tmp_path: Path, given: str) -> None:
    assert refusal("demo", "--root", str(tmp_path), "--env", given).problem == f"{given!r} is no NAME=VALUE"


def test_manifests_are_the_demos(manifest: Path, tmp_path: Path) -> None:
    manifest.write_text(POD.replace("IMAGE", "logferry"))
    error = refusal("up", "--no-demo", "--data", str(tmp_path / "d"), "--manifest", str(manifest))
    assert error.problem == "--manifest and --env are the demo's, --no-demo forbids it"


def test_up_hands_them_to_the_demo(tmp_path: Path) -> None:
    stages = stages_of(parse_settings("", "x", {}), tmp_path / "c.yaml", tmp_path / "node", ("--manifest", "a.yaml"))
    assert stages[0].arguments == (
        "demo", "--root", f"{tmp_path}/node", "--manifest", "a.yaml", "--config", f"{tmp_path}/c.yaml",
    )  # fmt: skip
