"""What Helm makes of every example values file of both charts, made once for all tests that look at it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy.kubernetes.objects import Object, read
from tests.tools import helm

ROOT: Final = helm.ROOT
EXAMPLES: Final = sorted([*(helm.CHART / "examples").glob("*.yaml"), *(helm.SERVERS / "examples").glob("*.yaml")])
OWN: Final = [each for each in EXAMPLES if helm.CHART in each.parents]
"""Those of the chart of logferry itself."""
NAMES_OF_OTHERS: Final = {
    "secret": "Secret",
    "secretName": "Secret",
    "existingSecret": "Secret",
    "existingClaim": "PersistentVolumeClaim",
    "claimName": "PersistentVolumeClaim",
}
REFERENCES: Final = {
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "configMap": "ConfigMap",
}


def title(example: Path) -> str:
    """``logferry/production``."""
    return f"{example.parents[1].name}/{example.stem}"


@cache
def manifests(example: Path) -> str:
    return helm.text(example.parents[1], example)


def objects(example: Path) -> list[Object]:
    """Parsed anew for each test, which may change them."""
    return read(manifests(example))


def declared(values: object) -> Iterator[tuple[str, str]]:
    """(kind, name) of what values refer to: it is somebody else's, and is there before."""
    if isinstance(values, list):
        for each in values:
            yield from declared(each)
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _declared_at(key, value)
            yield from declared(value)


def _declared_at(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if key in NAMES_OF_OTHERS and isinstance(value, str) and value:
        yield NAMES_OF_OTHERS[key], value
    elif key in REFERENCES and isinstance(value, dict) and "name" in value:
        yield REFERENCES[key], value["name"]
    elif key in ("imagePullSecrets", "secretTargetRef"):
        yield from (("Secret", each["name"]) for each in value)
    elif key == "authenticationRef" and value:
        yield value.get("kind", "TriggerAuthentication"), value["name"]


def external(example: Path) -> set[tuple[str, str]]:
    values = yaml.safe_load(example.read_text()) or {}
    accounts = values.get("serviceAccount", {}).get("components", {}).values()
    return set(declared(values)) | {("ServiceAccount", each["name"]) for each in accounts if each.get("name")}
