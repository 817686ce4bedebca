"""Kustomize: the base is what the chart makes, and whatever is built on it is as good as what Helm makes."""

import os
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.deploy.kubernetes import fitting, pods_in_order, settings_in_pods
from tests.deploy.kubernetes.justified import unjustified
from tests.deploy.kubernetes.objects import Object, containers, name_of, of_kind, read, templates
from tests.tools import kubeconform, kustomize, kustomize_files, pod_security
from tests.tools.kustomize_files import BASE, COMPONENTS, FOLDER

OVERLAYS: Final = sorted(each.parent for each in (FOLDER / "overlays").glob("*/kustomization.yaml"))
FOLDERS: Final = [BASE, *OVERLAYS, *COMPONENTS]
SECRETS: Final = {("Secret", "logferry-kafka"), ("Secret", "logferry-elasticsearch")}
"""What README.md tells to make."""


@cache
def _written() -> dict[Path, str]:
    return kustomize_files.files()


def _build(folder: Path, place: Path) -> str:
    """A component is built upon the base; settings of a sink of its own are added."""
    if folder not in COMPONENTS:
        return kustomize.build(folder)
    settings = yaml.safe_load((BASE / "logferry.yaml").read_text())
    sinks = yaml.safe_load((folder / "values.yaml").read_text()).get("config", {}).get("sinks", {})
    settings["sinks"] |= sinks
    (place / "logferry.yaml").write_text(yaml.safe_dump(settings))
    base, component = (os.path.relpath(each, place.resolve()) for each in (BASE, folder))
    generator = {"name": "logferry", "behavior": "replace", "files": ["logferry.yaml"]}
    told = {"resources": [base], "components": [component], "namespace": "logging", "configMapGenerator": [generator]}
    (place / "kustomization.yaml").write_text(yaml.safe_dump(told))
    return kustomize.build(place)


def test_the_files_are_what_the_chart_makes_now() -> None:
    wanted = _written()
    stale = {str(path.relative_to(FOLDER)) for path, text in wanted.items() if not _is(path, text)}

    assert stale == set(), "run scripts/render-kustomize"
    assert kustomize_files.written_before() - wanted.keys() == set()


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


@pytest.mark.parametrize("folder", [BASE, *COMPONENTS], ids=lambda folder: folder.name)
def test_each_written_file_is_named(folder: Path) -> None:
    named = yaml.safe_load((folder / "kustomization.yaml").read_text())
    written = {str(path.relative_to(folder)) for path in _written() if folder in path.parents}

    assert written - {"logferry.yaml"} == set(named["resources"]) - {"namespace.yaml"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_is_built_is_as_good_as_what_helm_makes(folder: Path, tmp_path: Path) -> None:
    text = _build(folder, tmp_path)
    objects = read(text)

    assert kubeconform.problems(text) == []
    assert unjustified(text) == []
    assert fitting.doubles(objects) == []
    assert fitting.strays(objects) == []
    assert fitting.unnamed_ports(objects) == []
    assert fitting.absent(objects, SECRETS) == []
    assert pods_in_order.problems(objects) == []
    for _, template in templates(objects):
        assert settings_in_pods.problems(objects, template) == []
    others = [template for each, template in templates(objects) if each["kind"] != "DaemonSet"]
    assert pod_security.violations(others) == [{} for _ in others]
    for of_helm in ("helm.sh", "Helm", "checksum/config"):
        assert of_helm not in text


def test_the_base_has_the_chart_s_pods() -> None:
    """Kustomize adds the hash of the settings, and nothing else."""
    written = [read(text) for path, text in _written().items() if BASE in path.parents and _is_manifest(path)]
    theirs = {name_of(each): deepcopy(template) for objects in written for each, template in templates(objects)}
    built = read(kustomize.build(BASE))
    (settings,) = [each for each in of_kind(built, "ConfigMap") if "logferry.yaml" in each["data"]]

    ours = {name_of(each): template for each, template in templates(built)}
    for template in ours.values():
        for volume in template["spec"]["volumes"]:
            if volume.get("configMap", {}).get("name") == settings["metadata"]["name"]:
                volume["configMap"]["name"] = "logferry"

    assert ours == theirs
    assert settings["metadata"]["name"] != "logferry"


def _is_manifest(path: Path) -> bool:
    return path.name != "logferry.yaml"


@cache
def _overlay(name: str) -> list[Object]:
    return read(kustomize.build(FOLDER / "overlays" / name))


def _replicas(objects: list[Object]) -> dict[str, int]:
    return {each["metadata"]["name"]: each["spec"]["replicas"] for each in of_kind(objects, "Deployment")}


def test_development_is_small() -> None:
    objects = _overlay("development")
    requests = {
        (one["resources"]["requests"]["cpu"], one["resources"]["requests"]["memory"])
        for _, template in templates(objects)
        for one in containers(template)
    }

    assert set(_replicas(objects).values()) == {1}
    assert requests == {("10m", "64Mi")}
    assert "logferry-sink-screen" in _replicas(objects)


def test_production_survives_a_zone_and_speaks_tls() -> None:
    objects = _overlay("production")
    replicas = _replicas(objects)
    spread = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["topologySpreadConstraints"][0]["whenUnsatisfiable"]
        for each in of_kind(objects, "Deployment")
    }
    images = {one["image"].partition("/")[0] for _, template in templates(objects) for one in containers(template)}

    assert (replicas["logferry-streams"], replicas["logferry-sink-search"]) == (3, 3)
    assert (spread["logferry-streams"], spread["logferry-sink-search"]) == ("DoNotSchedule", "DoNotSchedule")
    assert images == {"registry.example"}
    for each in of_kind(objects, "NetworkPolicy"):
        assert [port["port"] for port in each["spec"]["egress"][1]["ports"]] == [9094]
    for _, template in templates(objects):
        for one in containers(template):
            assert "/etc/logferry/kafka" in [mount["mountPath"] for mount in one["volumeMounts"]]
