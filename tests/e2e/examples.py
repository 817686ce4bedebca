"""The manifests of deploy/examples on the demo runtime: what their programs wrote, and what their pages promise."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bench.pipeline import Pipeline
from deploy.demo.manifests import pods_of, read_manifests
from deploy.demo.pods import PodSpec
from deploy.search.index import open_index
from deploy.search.query import Wanted
from tests.deploy.demo.reading import everything, parse

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
_QUERY = re.compile(r"^logferry search '([^']+)'", re.MULTILINE)

Document = dict[str, Any]


def manifest(name: str) -> Path:
    return EXAMPLES / name / "pods.yaml"


def values(name: str) -> dict[str, Any]:
    """The settings that go with an example: `config` of its values."""
    path = EXAMPLES / name / "values.yaml"
    return dict(yaml.safe_load(path.read_text())["config"]) if path.exists() else {}


def queries(name: str) -> list[str]:
    """The searches that an example's page shows."""
    return _QUERY.findall((EXAMPLES / name / "README.md").read_text())


def below(root: Path, value: Any) -> Any:
    """Settings whose absolute paths lie below ``root``: that is this node's file system."""
    if isinstance(value, Mapping):
        return {key: below(root, each) for key, each in value.items()}
    return f"{root}{value}" if isinstance(value, str) and value.startswith("/") else value


class Cluster:
    """One `logferry demo` that runs the pods of some examples in front of a pipeline."""

    def __init__(self, pipeline: Pipeline, names: Iterable[str], environ: Mapping[str, str]) -> None:
        self.pipeline = pipeline
        self.root = pipeline.node
        files = [manifest(name) for name in names]
        self.pods: Mapping[str, PodSpec] = {
            f"{pod.namespace}/{pod.labels['app']}": pod
            for file in files
            for pod in pods_of(read_manifests(file.read_text(), str(file)))
        }
        options = [word for file in files for word in ("--manifest", str(file))]
        options += [word for name, value in environ.items() for word in ("--env", f"{name}={value}")]
        command = [sys.executable, "-m", "deploy.cli", "demo", "--root", str(self.root), *options]
        with (pipeline.folder / "demo.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--config", str(pipeline.config)],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"LOGFERRY_METRICS__PORT": "0"},
            )

    def stop(self) -> int:
        """End all pods in order; returns the exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def close(self) -> None:
        """Kill it, if it still runs."""
        self._process.kill()
        self._process.wait()

    def uid(self, app: str) -> str:
        """Uid of a pod by namespace/app; empty until it has one."""
        register = self.root / "var/lib/kubelet/pods.json"
        known = json.loads(register.read_text()) if register.exists() else {}
        return str(known.get(self.pods[app].key, {}).get("uid", ""))

    def output(self, app: str, container: str) -> list[str]:
        """The lines that a container wrote to its standard output and error."""
        pod = self.pods[app]
        folder = self.root / f"var/log/pods/{pod.namespace}_{pod.name}_{self.uid(app)}" / container
        written = b"".join(everything(path) for path in sorted(folder.glob("*.log")))
        lines = parse(written[: written.rfind(b"\n") + 1])
        assert all(line.tag == "F" for line in lines)
        return [line.content.decode() for line in lines]

    def file(self, app: str, volume: str, name: str) -> list[str]:
        """The lines of a file in an emptyDir."""
        folder = self.root / f"var/lib/kubelet/pods/{self.uid(app)}/volumes/kubernetes.io~empty-dir/{volume}"
        return (folder / name).read_text().splitlines() if (folder / name).exists() else []


class Arrived:
    """All documents of a pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        found = list(pipeline.documents())
        self.documents = [document for _, document in found]
        assert len({id_ for id_, _ in found}) == len(found)

    def of(self, app: str, container: str) -> list[Document]:
        """Those of a container, by namespace/app as labels tell it."""
        namespace, _, label = app.partition("/")
        wanted = (namespace, label, container)
        return [each for each in self.documents if _who(each) == wanted]

    def lines(self, app: str, container: str) -> Counter[str]:
        """Their lines, those of joined records one by one."""
        return Counter(line for each in self.of(app, container) for line in each["log"].split("\n"))


def _who(document: Document) -> tuple[str, str, str] | None:
    pod = document.get("kubernetes")
    if pod is None:
        return None
    return pod["namespace_name"], pod.get("labels", {}).get("app", ""), pod["container_name"]


def tags(documents: Iterable[Document]) -> set[str]:
    return {document["tag"] for document in documents}


def hits(pipeline: Pipeline, query: str) -> int:
    """What `logferry search` finds."""
    with open_index(pipeline.settings, None, None, None) as index:
        return index.newest(Wanted(query), 5).total
