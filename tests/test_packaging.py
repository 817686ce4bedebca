"""The import packages are ours alone, typed, and each dependency says why it is there."""

import importlib.metadata
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_an_import_name(package: str) -> None:
    owners = importlib.metadata.packages_distributions().get(package, [])
    assert set(owners) <= {"logferry"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


def test_every_dependency_carries_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    project = lines[: lines.index("[dependency-groups]")]
    needs = [line for line in project if line.startswith('    "') and ("<" in line or ">=" in line)]
    assert needs
    assert [line for line in needs if "#" not in line] == []


def test_the_readme_has_exactly_two_set_up_commands() -> None:
    commands = (ROOT / "README.md").read_text().split("```sh\n", 1)[1].split("```", 1)[0].splitlines()
    assert [command.split("#")[0].strip() for command in commands] == ["scripts/up", "scripts/test"]
