"""What Helm makes of the chart logferry-servers, and what its ConfigMap says for the chart logferry."""

from pathlib import Path
from typing import Any

import yaml

from tests.tools import helm

EXAMPLES = helm.SERVERS / "examples"
SEARCH = {"type": "elasticsearch", "topics": ["logs.app"]}

Objects = list[dict[str, Any]]


def render(*values: Path | dict[str, Any]) -> Objects:
    return helm.template(helm.SERVERS, *values, release="servers")


def of_kind(objects: Objects, kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def config_of(example: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(example.read_text())["config"]
    return found


def values_for_logferry(objects: Objects) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        of_kind(objects, "ConfigMap")["servers-logferry-values"]["data"]["values.yaml"]
    )
    return found
