"""The locked packages are those that pyproject.toml asks for; where not, run deploy/docker/requirements/lock."""

import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.image.locks import FOLDER, locked
from tests.tools.images import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NODE = {"producer", "journald", "forward", "http", "traces"}
ALL = set(PROJECT["optional-dependencies"]) - {"all", "bench", "local", "kafka"}


def wanted(extras: set[str]) -> Iterator[Requirement]:
    """Everything that logferry asks for with these extras; extras of its own are followed."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    for requirement in map(Requirement, lines):
        if requirement.name == "logferry":
            yield from wanted(requirement.extras)
        elif requirement.marker is None or requirement.marker.evaluate({"python_version": "3.13"}):
            yield requirement


@pytest.mark.parametrize(("name", "extras"), [("node", NODE), ("logferry", ALL)])
def test_every_requirement_has_a_locked_version_that_fits(name: str, extras: set[str]) -> None:
    versions = locked(name)
    unfit = [
        str(each)
        for each in wanted(extras)
        if not each.specifier.contains(versions.get(canonicalize_name(each.name), "0"))
    ]
    assert unfit == []


def test_the_lock_command_names_every_extra() -> None:
    assert set(re.findall(r"--extra ([\w-]+)", (FOLDER / "lock").read_text())) == ALL


def test_the_node_has_the_versions_that_all_others_have() -> None:
    assert locked("node").items() <= locked("logferry").items()


@pytest.mark.parametrize("name", ["node", "logferry", "build"])
def test_every_package_is_locked_with_hashes(name: str) -> None:
    entries = re.split(r"\n(?=[\w.-]+==)", (FOLDER / f"{name}.txt").read_text().strip())
    assert len(entries) == len(locked(name))
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
