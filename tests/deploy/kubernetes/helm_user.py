"""Helm in the hands of somebody whom a kubeconfig makes known to a cluster."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.tools import helm
from tests.tools.kube_apiserver import KubeApiserver


class HelmUser:
    """One release of the chart logferry, worked on with a service account's token."""

    def __init__(self, server: KubeApiserver, folder: Path, namespace: str, account: str) -> None:
        self._file = folder / "kubeconfig"
        self._values = folder / "values.yaml"
        self._namespace = namespace
        self._file.write_text(yaml.safe_dump(_kubeconfig(server, server.token(namespace, account, 3600))))

    def install(self, values: dict[str, Any]) -> str:
        return self._run("install", "logferry", helm.CHART, *self._given(values))

    def upgrade(self, values: dict[str, Any]) -> str:
        """Or install it, where it is not."""
        return self._run("upgrade", "--install", "logferry", helm.CHART, *self._given(values))

    def rollback(self, revision: int) -> str:
        return self._run("rollback", "logferry", str(revision))

    def uninstall(self) -> str:
        return self._run("uninstall", "logferry")

    def revision(self) -> int:
        """Of what is deployed; 0: nothing is."""
        found = json.loads(self._run("list", "--deployed", "--output", "json"))
        return int(found[0]["revision"]) if found else 0

    def _given(self, values: dict[str, Any]) -> tuple[str, str]:
        self._values.write_text(yaml.safe_dump(values))
        return "--values", str(self._values)

    def _run(self, *arguments: str | Path) -> str:
        return helm.run(*arguments, "--kubeconfig", self._file, "--namespace", self._namespace)


def _kubeconfig(server: KubeApiserver, token: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "real", "cluster": {"server": server.url, "certificate-authority": str(server.ca)}}],
        "users": [{"name": "installer", "user": {"token": token}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "installer"}}],
        "current-context": "real",
    }
