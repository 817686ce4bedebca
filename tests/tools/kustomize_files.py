"""The files of deploy/kustomize that the chart writes: `scripts/render-kustomize`, after the chart or values changed.

The base is what the chart makes of base/values.yaml; a component is what it makes beside that of the component's own
values. Without what is Helm's: its labels, checksums (Kustomize names the settings by their hash, so that pods follow
them) and the hash in the name of the topics Job.
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

import yaml

from tests.tools import helm

FOLDER: Final = helm.ROOT / "deploy/kustomize"
BASE: Final = FOLDER / "base"
COMPONENTS: Final = sorted(each.parent for each in (FOLDER / "components").glob("*/values.yaml"))
HEAD: Final = "# Written by scripts/render-kustomize. Change it by an overlay, not here.\n"
SETTINGS: Final = "parts/configmap.yaml"
OF_HELM: Final = re.compile(r"(?m)^ +(?:helm\.sh/chart|app\.kubernetes\.io/managed-by|checksum/config): .*\n")
JOB: Final = re.compile(r"\b(logferry-topics)-[0-9a-f]{8}\b")


def files() -> dict[Path, str]:
    """Every file that the chart writes, with its text."""
    base = _documents(BASE / "values.yaml")
    found = _written(BASE, base)
    found[BASE / "logferry.yaml"] = HEAD + _settings(base)
    there = {_identity(text) for _, text in base}
    for component in COMPONENTS:
        more = _documents(BASE / "values.yaml", component / "values.yaml")
        found |= _written(component, [(source, text) for source, text in more if _identity(text) not in there])
    return found


def written_before() -> set[Path]:
    """The files that are there and that somebody's former run wrote."""
    return {path for path in FOLDER.rglob("*.yaml") if path.read_text().startswith(HEAD)}


def _documents(*values: Path) -> list[tuple[str, str]]:
    """(file of the chart, text) of each object: ("producer/daemonset.yaml", "apiVersion: …")."""
    text = helm.text(helm.CHART, *values)
    found = re.findall(r"(?ms)^---\n# Source: logferry/templates/(\S+)\n(.*?)(?=^---$|\Z)", text)
    return [(source, JOB.sub(r"\1", OF_HELM.sub("", body))) for source, body in found]


def _written(folder: Path, documents: list[tuple[str, str]]) -> dict[Path, str]:
    by_file: dict[Path, list[str]] = defaultdict(list)
    for source, text in documents:
        if source != SETTINGS:
            by_file[folder / source].append(text)
    return {path: HEAD + "---\n".join(texts) for path, texts in by_file.items()}


def _settings(documents: list[tuple[str, str]]) -> str:
    (text,) = [text for source, text in documents if source == SETTINGS]
    settings: str = yaml.safe_load(text)["data"]["logferry.yaml"]
    return settings


def _identity(text: str) -> tuple[str, str]:
    each = yaml.load(text, yaml.CSafeLoader)
    return each["kind"], each["metadata"]["name"]


def main() -> None:
    wanted = files()
    for path in written_before() - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
