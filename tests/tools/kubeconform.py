"""kubeconform, with strict schemas of Kubernetes itself and of the definitions that we use.

The schemas are made once for a machine from what the projects publish (see ``crds`` and ``json_schemas``); no test
asks a server for one.
"""

import hashlib
import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from tests.tools import crds, go, json_schemas

VERSION: Final = "0.8.0"
KUBERNETES: Final = "1.36.3"
LAYOUT: Final = "{{ .Group }}/{{ .ResourceKind }}-{{ .ResourceAPIVersion }}.json"
"""kubeconform's own words for where a schema lies; of the core group it says ``v1`` for Group as well."""


def problems(manifests: str) -> list[str]:
    """What is wrong with a stream of YAML documents: one line for each ("Deployment/x: …"), none where all is well.

    A key that is there twice is wrong, so is a kind without a schema.
    """
    command = [_program(), "-strict", "-output", "json", "-schema-location", f"{schemas()}/{LAYOUT}", "-"]
    done = subprocess.run(command, check=False, input=manifests, capture_output=True, text=True, timeout=120)
    if not done.stdout:
        raise RuntimeError(f"kubeconform failed:\n{done.stderr}")
    return [_line(each) for each in json.loads(done.stdout)["resources"]]


def _line(resource: dict[str, object]) -> str:
    said = re.sub(r"^problem validating schema.*?\.json#' - ", "", str(resource["msg"]))
    return f"{resource['kind']}/{resource['name']}: {said}"


@cache
def _program() -> Path:
    return go.program("github.com/yannh/kubeconform/cmd/kubeconform", VERSION)


@cache
def schemas() -> Path:
    """The folder of schemas; its name tells all that they are made of."""
    versions = [crds.STRIMZI, *(version for _, version, _ in crds.MODULES.values())]
    made_by = Path(json_schemas.__file__).read_bytes() + Path(crds.__file__).read_bytes() + Path(__file__).read_bytes()
    mark = hashlib.sha256(made_by + repr(versions).encode()).hexdigest()[:12]
    return go.made(f"schemas-{KUBERNETES}-{mark}", _make)


def _make(folder: Path) -> None:
    swagger = json.loads((go.files("k8s.io/kubernetes", KUBERNETES) / "api/openapi-spec/swagger.json").read_text())
    found = list(json_schemas.of_kubernetes(swagger))
    for crd in crds.crds():
        found += json_schemas.of_definition(crd, swagger)
    for name, schema in found:
        group_version, kind = name.rsplit("/", 1)
        group, _, version = group_version.rpartition("/")
        file = folder / (group or version) / f"{kind.lower()}-{version}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(schema))
