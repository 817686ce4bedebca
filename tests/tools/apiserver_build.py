"""kube-apiserver, built from the Go module proxy once for a machine, and the etcd that it stands on.

The module k8s.io/kubernetes takes its staging modules (k8s.io/api, ...) from its own source tree, as v0.0.0. So a
module of our own takes over its requirements and replaces each of those by the version that is published.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from tests.tools import debian, go

VERSION = "1.36.3"
PROGRAM = "k8s.io/kubernetes/cmd/kube-apiserver"
LINKED = " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in {"gitVersion": f"v{VERSION}", "gitMajor": "1", "gitMinor": VERSION.split(".")[1]}.items()
)
"""What Kubernetes' own build tells the program about itself; clients such as Helm go by it."""


def place() -> Path:
    """Where the program is, once it has been built."""
    return go.cache() / f"kube-apiserver-{VERSION}" / "kube-apiserver"


def is_built() -> bool:
    return place().exists()


def kube_apiserver() -> Path:
    """The program, built where the cache has it not. Raises RuntimeError with Go's own words when it cannot be had."""
    return go.made(place().parent.name, _build) / place().name


def etcd() -> debian.Program:
    """The program of Debian's package. Raises RuntimeError with apt's own words when it cannot be had."""
    return debian.program("etcd-server", "usr/bin/etcd")


def _build(folder: Path) -> None:
    module = folder / "module"
    module.mkdir(parents=True)
    (module / "go.mod").write_text(_module(_requirements()))
    environment = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    go.run(["build", f"-ldflags=-s -w {LINKED}", "-o", str(folder / place().name), PROGRAM], environment, module)


def _requirements() -> list[str]:
    """What k8s.io/kubernetes requires, as lines of its own go.mod."""
    told = json.loads(go.run(["mod", "download", "-json", f"k8s.io/kubernetes@v{VERSION}"], {}))
    blocks = re.findall(r"^require \((.*?)^\)", Path(told["GoMod"]).read_text(), re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.split("\n") if line.strip()]


def _module(requirements: Iterable[str]) -> str:
    lines = list(requirements)
    staging = [line.split()[0] for line in lines if line.split()[1] == "v0.0.0"]
    return "\n".join(
        [
            "module apiserver",
            "go 1.26.0",
            "godebug default=go1.26",
            "require (",
            f"k8s.io/kubernetes v{VERSION}",
            *lines,
            ")",
            "replace (",
            *(f"{name} => {name} v0{VERSION[1:]}" for name in staging),
            ")",
            "",
        ]
    )
