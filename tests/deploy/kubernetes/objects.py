"""Reading Kubernetes objects: the pods in them, their containers, and what these are given."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import yaml

Object: TypeAlias = dict[str, Any]

WORKLOADS: Final = ("DaemonSet", "Deployment", "Job", "StatefulSet", "ReplicaSet")


def read(manifests: str) -> list[Object]:
    """The objects of a stream of YAML documents, those of Lists among them."""
    documents = [each for each in yaml.load_all(manifests, yaml.CSafeLoader) if each]
    return [one for each in documents for one in (each["items"] if each["kind"].endswith("List") else [each])]


def name_of(each: Object) -> str:
    """``Deployment/logferry-streams``."""
    return f"{each['kind']}/{each['metadata']['name']}"


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    return [each for each in objects if each["kind"] in kinds]


def pod_template(each: Object) -> Object | None:
    """Metadata and spec of the pods that an object makes, or that it is; None for what makes none."""
    match each["kind"]:
        case "Pod":
            return {"metadata": each["metadata"], "spec": each["spec"]}
        case "CronJob":
            template: Object = each["spec"]["jobTemplate"]["spec"]["template"]
        case kind if kind in WORKLOADS:
            template = each["spec"]["template"]
        case _:
            return None
    return template


def templates(objects: list[Object]) -> Iterator[tuple[Object, Object]]:
    """Each object that makes pods, with its pod template."""
    for each in objects:
        if (template := pod_template(each)) is not None:
            yield each, template


def containers(template: Object) -> list[Object]:
    spec = template["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def environment(container: Object) -> dict[str, str]:
    """The variables of a container as the manifest tells them; what a Secret or a field gives is its reference."""
    found: dict[str, str] = {}
    for each in container.get("env", []):
        found[each["name"]] = _value(each, found)
    return found


def _value(variable: Object, before: Mapping[str, str]) -> str:
    if "valueFrom" in variable:
        (reference,) = variable["valueFrom"].values()
        return str(reference.get("key") or reference.get("fieldPath") or reference.get("resource"))
    text: str = variable.get("value", "")
    return re.sub(r"\$\(([^)]+)\)", lambda found: before.get(found[1], found[0]), text)


def settings_text(objects: list[Object], template: Object) -> str | None:
    """The logferry.yaml of the ConfigMap that the pods mount; None for pods of other programs."""
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind(objects, "ConfigMap")}
    mounted = [volume["configMap"]["name"] for volume in template["spec"].get("volumes", []) if "configMap" in volume]
    texts = [maps[name]["logferry.yaml"] for name in mounted if "logferry.yaml" in maps.get(name, {})]
    return texts[0] if texts else None
