"""What kubelet mounts into a pod, where the kubernetes package looks for it."""

from pathlib import Path

import pytest

from producers.pods import connection
from tests.tools.kube_apiserver import KubeApiserver


class MountedAccount:
    """Files of a service account, of which the token can be replaced as kubelet does it."""

    def __init__(self, server: KubeApiserver, folder: Path, namespace: str, name: str) -> None:
        self._server = server
        self._folder = folder
        self._namespace = namespace
        self._name = name
        self.renew()
        (folder / "namespace").write_text(namespace)
        (folder / "ca.crt").write_text(server.ca.read_text())

    def renew(self, secs: int = 600) -> None:
        """A new token that holds for so long."""
        self.write(self._server.token(self._namespace, self._name, secs))

    def write(self, token: str) -> None:
        part = self._folder / "token.part"
        part.write_text(token)
        part.rename(self._folder / "token")

    def use(self, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
        """From here on this process is in a pod of that account, and the API server is on that port."""
        loader = "kubernetes.config.incluster_config"
        monkeypatch.setattr(f"{loader}.SERVICE_TOKEN_FILENAME", str(self._folder / "token"))
        monkeypatch.setattr(f"{loader}.SERVICE_CERT_FILENAME", str(self._folder / "ca.crt"))
        monkeypatch.setattr(connection, "ACCOUNT", self._folder)
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(port))
        monkeypatch.delenv("KUBECONFIG", raising=False)
