"""Helm itself, and what it makes of our charts."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.tools import go

VERSION = "3.22.0"
KUBERNETES = "1.36.3"
"""For which charts are made: a helm that was built from its module takes an ancient one for granted."""
ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/logferry"
SERVERS = ROOT / "deploy/helm/logferry-servers"


class HelmError(AssertionError):
    """What helm said when it refused."""


@cache
def helm() -> Path:
    return go.program("helm.sh/helm/v3/cmd/helm", VERSION)


def run(*arguments: str | Path) -> str:
    """What helm prints. Raises HelmError with its own words."""
    with tempfile.TemporaryDirectory() as home:  # no repositories, plugins or caches of the person who tests
        places = {"HELM_CACHE_HOME": home, "HELM_CONFIG_HOME": home, "HELM_DATA_HOME": home}
        done = subprocess.run(
            [helm(), *arguments], check=False, capture_output=True, text=True, timeout=120, env={**os.environ, **places}
        )
    if done.returncode != 0:
        raise HelmError(done.stdout + done.stderr)
    return done.stdout


def lint(chart: Path, *values: Path | dict[str, Any]) -> str:
    with _options(values) as options:
        return run("lint", "--strict", chart, *options)


def template(
    chart: Path,
    *values: Path | dict[str, Any],
    release: str = "logferry",
    namespace: str = "logging",
    arguments: tuple[str, ...] = (),
) -> list[dict[str, Any]]:
    """The objects of a chart, hooks and tests among them, in the order in which helm would make them."""
    found = text(chart, *values, release=release, namespace=namespace, arguments=arguments)
    return [each for each in yaml.load_all(found, yaml.CSafeLoader) if each]


def text(
    chart: Path,
    *values: Path | dict[str, Any],
    release: str = "logferry",
    namespace: str = "logging",
    arguments: tuple[str, ...] = (),
) -> str:
    """The same as one stream of YAML."""
    with _options(values) as options:
        where = ("--namespace", namespace, "--kube-version", KUBERNETES)
        return run("template", release, chart, *where, *options, *arguments)


@contextmanager
def _options(values: tuple[Path | dict[str, Any], ...]) -> Iterator[list[str]]:
    """Values files as helm's options; those of dictionaries are there as long as helm needs them."""
    with tempfile.TemporaryDirectory() as folder:
        options = []
        for number, each in enumerate(values):
            path = each if isinstance(each, Path) else Path(folder, f"{number}.yaml")
            if isinstance(each, dict):
                path.write_text(yaml.safe_dump(each))
            options += ["--values", str(path)]
        yield options
