"""A real kube-apiserver with etcd, for tests marked `apiserver`.

The server is built from the Go module proxy, once, into a cache folder outside the repository; etcd is unpacked from
Debian's package. Both need the network the first time. The folder is `$LOGFERRY_TEST_CACHE`, else
`~/.cache/logferry-tests`. The build takes 6 to 15 minutes on 2 cores.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import urllib3
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KUBERNETES = "1.36.3"
GO_FOLDERS = ("/usr/local/go/bin", "/usr/lib/go/bin")


def cache_folder() -> Path:
    folder = Path(os.environ.get("LOGFERRY_TEST_CACHE") or Path.home() / ".cache" / "logferry-tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kube_apiserver() -> Path:
    """The program, built if it is not there yet."""
    program = cache_folder() / f"kube-apiserver-{KUBERNETES}"
    if not program.exists():
        module = cache_folder() / f"kube-apiserver-{KUBERNETES}.module"
        module.mkdir(exist_ok=True)
        (module / "go.mod").write_text(_module(_requirements(module)))
        built = module / "kube-apiserver"
        _go(module, "build", "-mod=mod", "-ldflags=-s -w", "-o", str(built), "k8s.io/kubernetes/cmd/kube-apiserver")
        built.rename(program)
    return program


def etcd() -> Path:
    """The program, fetched if it is not there yet."""
    folder = cache_folder() / "etcd-server"
    program = folder / "usr" / "bin" / "etcd"
    if not program.exists():
        folder.mkdir(exist_ok=True)
        subprocess.run(["apt-get", "download", "etcd-server"], cwd=folder, check=True, timeout=300)
        package = next(folder.glob("etcd-server_*.deb"))
        subprocess.run(["dpkg", "-x", package.name, "."], cwd=folder, check=True, timeout=60)
    return program


def _requirements(module: Path) -> list[str]:
    """What k8s.io/kubernetes requires, as lines of its own go.mod."""
    (module / "go.mod").write_text("module fetch\n")
    told = _go(module, "mod", "download", "-json", f"k8s.io/kubernetes@v{KUBERNETES}")
    text = Path(json.loads(told)["GoMod"]).read_text()
    return [
        line
        for block in re.findall(r"^require \((.*?)^\)", text, re.DOTALL | re.MULTILINE)
        for line in block.split("\n")
    ]


def _module(requirements: Iterable[str]) -> str:
    """A module of our own with those requirements; what kubernetes takes from its own tree comes as published.

    The staging modules stand there as version v0.0.0.
    """
    lines = [line.strip() for line in requirements if line.strip()]
    staging = [line.split()[0] for line in lines if line.split()[1] == "v0.0.0"]
    return "\n".join(
        [
            "module apiserver",
            "go 1.26.0",
            "godebug default=go1.26",
            "require (",
            f"k8s.io/kubernetes v{KUBERNETES}",
            *lines,
            ")",
            "replace (",
            *(f"{name} => {name} v0{KUBERNETES[1:]}" for name in staging),
            ")",
            "",
        ]
    )


def _go(module: Path, *arguments: str) -> str:
    program = shutil.which("go", path=os.pathsep.join([os.environ.get("PATH", ""), *GO_FOLDERS]))
    assert program, "tests marked `apiserver` build kube-apiserver and need Go: https://go.dev/dl"
    ran = subprocess.run(
        [program, *arguments],
        cwd=module,
        env={**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return ran.stdout


READY_SECS = 60.0
ADMIN = "admin-of-the-test"


class KubeApiserver:
    """A running control plane without controllers; use it in a `with` block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs: list[subprocess.Popen[bytes]] = []
        self.port, peers, clients = _free_port(), _free_port(), _free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca = folder / "certificates" / "apiserver.crt"
        (folder / "tokens.csv").write_text(f"{ADMIN},admin,admin,system:masters\n")
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        signing = folder / "signing.pem"
        signing.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
        self._commands = [
            [
                etcd(),
                f"--data-dir={folder / 'etcd'}",
                f"--listen-client-urls=http://127.0.0.1:{clients}",
                f"--advertise-client-urls=http://127.0.0.1:{clients}",
                f"--listen-peer-urls=http://127.0.0.1:{peers}",
            ],
            [
                kube_apiserver(),
                f"--etcd-servers=http://127.0.0.1:{clients}",
                "--etcd-compaction-interval=1s",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                f"--secure-port={self.port}",
                f"--cert-dir={folder / 'certificates'}",
                f"--token-auth-file={folder / 'tokens.csv'}",
                "--authorization-mode=RBAC",
                "--disable-admission-plugins=ServiceAccount",
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

    def _start(self, command: list[Any]) -> None:
        log = self._folder / f"{Path(command[0]).name}.log"
        with log.open("ab") as output:
            self._programs.append(subprocess.Popen(command, stdout=output, stderr=output))

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECS
        while not self._is_ready():
            dead = [program for program in self._programs if program.poll() is not None]
            assert not dead, self._last_lines()
            assert time.monotonic() < deadline, self._last_lines()
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        for program in reversed(self._programs):
            _end(program)

    def restart(self) -> None:
        """Kill the API server and start it anew; its memory of changes begins there."""
        server = self._programs.pop()
        server.kill()
        server.wait()
        self._start(self._commands[-1])
        self._wait()

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """As administrator. Any refusal fails the test."""
        headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": kind}
        data = None if body is None else json.dumps(body)
        with urllib3.PoolManager(ca_certs=str(self.ca)) as pool:
            answer = pool.request(method, self.url + path, headers=headers, body=data)
        assert answer.status < 300, (method, path, answer.status, answer.data)
        return answer.json()

    def token(self, namespace: str, account: str) -> str:
        """A token of a service account, as kubelet gets them."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        return str(self.ask("POST", path, {"spec": {"expirationSeconds": 600}})["status"]["token"])

    def _is_ready(self) -> bool:
        try:
            return bool(self.ask("GET", "/api/v1/namespaces/default"))
        except (AssertionError, OSError, urllib3.exceptions.HTTPError):
            return False

    def _last_lines(self) -> str:
        return "\n".join(log.read_text(errors="replace")[-3000:] for log in self._folder.glob("*.log"))


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
