"""A real kube-apiserver with etcd: RBAC, Pod Security Admission and service accounts as in a cluster, no controllers.

Nothing runs the pods, nothing makes pods of Deployments, and nobody makes the service account `default` of a namespace:
`namespace` does.
"""

import base64
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.tools import apiserver_build
from tests.tools.kube_api import KubeApi
from tests.tools.kube_objects import end_namespace

READY_SECS = 60.0
ADMIN = "admin-of-the-test"
LEEWAY_SECS = 60
"""How long a token is good after its end: clocks differ (go-jose, DefaultLeeway)."""


class KubeApiserver:
    """A running control plane; use it in a `with` block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs: list[subprocess.Popen[bytes]] = []
        self.port, peers, clients = _free_port(), _free_port(), _free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca = folder / "certificates" / "apiserver.crt"
        self._admin: KubeApi | None = None
        (folder / "tokens.csv").write_text(f"{ADMIN},admin,admin,system:masters\n")
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        signing = folder / "signing.pem"
        signing.write_bytes(self._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
        etcd = apiserver_build.etcd()
        self._environment = etcd.environment
        self._commands = [
            [
                etcd.path,
                f"--data-dir={folder / 'etcd'}",
                f"--listen-client-urls=http://127.0.0.1:{clients}",
                f"--advertise-client-urls=http://127.0.0.1:{clients}",
                f"--listen-peer-urls=http://127.0.0.1:{peers}",
                "--unsafe-no-fsync",  # nothing here outlives the tests
            ],
            [
                str(apiserver_build.kube_apiserver()),
                f"--etcd-servers=http://127.0.0.1:{clients}",
                "--etcd-compaction-interval=1s",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                f"--secure-port={self.port}",
                f"--cert-dir={folder / 'certificates'}",
                f"--token-auth-file={folder / 'tokens.csv'}",
                "--authorization-mode=RBAC",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={signing}",
                f"--service-account-signing-key-file={signing}",
            ],
        ]

    def __enter__(self) -> Self:
        try:
            for command in self._commands:
                self._start(command)
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, command: list[str]) -> None:
        with (self._folder / f"{Path(command[0]).name}.log").open("ab") as log:
            self._programs.append(subprocess.Popen(command, stdout=log, stderr=log, env=self._environment))

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECS
        while not self._is_ready():
            dead = [program for program in self._programs if program.poll() is not None]
            assert not dead, self._last_lines()
            assert time.monotonic() < deadline, self._last_lines()
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        if self._admin is not None:
            self._admin.close()
        for program in reversed(self._programs):
            _end(program)

    def stop(self) -> None:
        """Kill the API server."""
        server = self._programs.pop()
        server.kill()
        server.wait()

    def start(self) -> None:
        """Start it anew; its memory of changes begins there."""
        self._start(self._commands[-1])
        self._wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def admin(self) -> KubeApi:
        if self._admin is None:
            self._admin = KubeApi(self.url, self.ca, ADMIN)
        return self._admin

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """As administrator. Any refusal fails the test."""
        return self.admin.ask(method, path, body, kind)

    def namespace(self, name: str, **labels: str) -> str:
        """Make a namespace that pods can be made in; its name."""
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        self.ask("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
        return name

    @contextmanager
    def temporary(self, name: str, **labels: str) -> Iterator[str]:
        """The same for the time of a block. Whatever is made in it must be gone before, but for accounts and leases."""
        self.namespace(name, **labels)
        try:
            yield name
        finally:
            end_namespace(self.admin, name)

    def token(self, namespace: str, account: str, secs: int = 600) -> str:
        """A token of a service account, as kubelet gets them; of less than ten minutes, which the API refuses, too."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        token = str(self.ask("POST", path, {"spec": {"expirationSeconds": max(600, secs)}})["status"]["token"])
        return token if secs >= 600 else self._shorter(token, secs)

    def account(self, namespace: str, name: str) -> KubeApi:
        """Requests with a token of a service account; close it."""
        return KubeApi(self.url, self.ca, self.token(namespace, name))

    def _shorter(self, token: str, secs: int) -> str:
        """The same claims with an earlier end, signed with the server's key (RFC 7519, RS256)."""
        header, claims, _ = token.split(".")
        told = json.loads(base64.urlsafe_b64decode(claims + "=="))
        told["exp"] = int(time.time()) + secs - LEEWAY_SECS
        signed = f"{header}.{_base64url(json.dumps(told).encode())}"
        return f"{signed}.{_base64url(self._key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"

    def _is_ready(self) -> bool:
        return self.ca.exists() and self.admin.is_ready()

    def _last_lines(self) -> str:
        return "\n".join(log.read_text(errors="replace")[-3000:] for log in self._folder.glob("*.log"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _end(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(10)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
