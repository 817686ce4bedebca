"""Everything that this repository gives to a cluster, by name: charts with their examples, overlays, manifests."""

import os
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from tests.tools import helm, kustomize
from tests.tools.kube_objects import KubeObject

DEPLOY: Final = Path(__file__).parents[3] / "deploy"


def renderings() -> Mapping[str, Callable[[str], list[KubeObject]]]:
    """By name; each takes the namespace that objects without one of their own are meant for."""
    found: dict[str, Callable[[str], list[KubeObject]]] = {}
    for chart in sorted(path.parent for path in DEPLOY.glob("helm/*/Chart.yaml")):
        found[chart.name] = partial(_chart, chart)
        for values in sorted(chart.glob("examples/*.yaml")):
            found[f"{chart.name}:{values.stem}"] = partial(_chart, chart, values)
    for file in sorted(DEPLOY.glob("kustomize/**/kustomization.yaml")):
        make = _component if yaml.safe_load(file.read_text())["kind"] == "Component" else _overlay
        found[str(file.parent.relative_to(DEPLOY))] = partial(make, file.parent)
    for folder in sorted({path.parent for path in DEPLOY.glob("examples/**/*.yaml")}):
        if _documents(folder):
            found[str(folder.relative_to(DEPLOY))] = partial(_manifests, folder)
        if (folder / "values.yaml").exists():
            found[f"logferry:{folder.relative_to(DEPLOY)}"] = partial(_chart, helm.CHART, folder / "values.yaml")
    return found


def _chart(chart: Path, *rest: Path | str) -> list[KubeObject]:
    *values, namespace = rest
    return helm.template(chart, *(each for each in values if isinstance(each, Path)), namespace=str(namespace))


def _overlay(folder: Path, _namespace: str) -> list[KubeObject]:
    return [each for each in yaml.safe_load_all(kustomize.build(folder)) if each]


def _component(folder: Path, _namespace: str) -> list[KubeObject]:
    """The base with this component alone."""
    with tempfile.TemporaryDirectory() as overlay:
        place = {each: os.path.relpath(each, Path(overlay).resolve()) for each in (DEPLOY / "kustomize/base", folder)}
        base, component = place.values()
        text = yaml.safe_dump({"resources": [base], "components": [component]})
        Path(overlay, "kustomization.yaml").write_text(text)
        return _overlay(Path(overlay), _namespace)


def _manifests(folder: Path, _namespace: str) -> list[KubeObject]:
    return _documents(folder)


def _documents(folder: Path) -> list[KubeObject]:
    """The objects in the folder's files; settings and values files are none."""
    read = (each for path in sorted(folder.glob("*.yaml")) for each in yaml.safe_load_all(path.read_text()))
    return [each for each in read if isinstance(each, dict) and {"apiVersion", "kind", "metadata"} <= each.keys()]
