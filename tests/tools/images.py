"""Our container images, built from deploy/docker/Dockerfile without Docker: by buildah, which needs no daemon.

The Debian image that the Dockerfile begins with is made from Debian's packages by mmdebstrap, which is how the official
one is made too (by debuerreotype). Layers are kept in a cache folder, so that only what has changed is built again.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.tools import debian

ROOT = Path(__file__).parents[2]
SUITE = "trixie"
BASE = f"localhost/debian:{SUITE}-slim"
LAYERS_AT_MOST = 400
"""Of builds that have changed; some 10 GB at worst."""
CERTIFICATES = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
"""What this machine trusts, an own authority among it, is what the build trusts."""


@dataclass(frozen=True)
class Image:
    """A built image."""

    target: str
    id: str
    root: Path
    """Its file system. Containers share it, so nothing may write there."""
    config: dict[str, Any]
    """What the Dockerfile says: Env, User, Entrypoint, Labels, Healthcheck …"""
    layers: tuple[str, ...]
    """Digests of its layers, lowest first."""
    build_secs: float

    @property
    def environment(self) -> dict[str, str]:
        return dict(each.split("=", 1) for each in self.config["Env"])

    def path(self, inside: str) -> Path:
        """A file of the image as this machine sees it."""
        return self.root / inside.lstrip("/")


@cache
def image(target: str) -> Image:
    """Build a target of the Dockerfile. Raises RuntimeError with the builder's own words."""
    if os.geteuid() != 0:
        raise RuntimeError("building the images' file systems needs root: run the tests as root, or in a container")
    store = _cache()
    store.mkdir(parents=True, exist_ok=True)
    with (store / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may come at once
        _tidy()
        if not _buildah("images", "--quiet", "--filter", f"reference={BASE}").strip():
            _make_base(store)
        started = time.monotonic()
        _build(target)
        took = time.monotonic() - started
        told = json.loads(_buildah("inspect", "--type", "image", f"localhost/logferry-test-{target}"))
        config, name = told["Docker"]["config"], f"logferry-test-{target}-{told['FromImageID'][:12]}"
        if name not in _containers():
            _forget_older(target)
            _buildah("from", *_policy(), "--name", name, f"localhost/logferry-test-{target}")
        root = Path(_buildah("mount", name).strip())
        atexit.register(_buildah, "umount", name)
        layers = tuple(told["Docker"]["rootfs"]["diff_ids"])
    return Image(target, told["FromImageID"], root, config, layers, took)


def _make_base(store: Path) -> None:
    mmdebstrap, archive = debian.program("mmdebstrap", "usr/bin/mmdebstrap"), store / "base.tar"
    command = [mmdebstrap.path, "--quiet", "--variant=minbase", SUITE, str(archive)]
    _run(command, mmdebstrap.environment)
    name = f"base-{os.getpid()}"
    _buildah("from", *_policy(), "--name", name, "scratch")
    _buildah("add", "--quiet", name, str(archive), "/")
    _buildah("commit", *_policy(), "--quiet", "--rm", name, BASE)
    archive.unlink()


def _build(target: str) -> None:
    inside = "/run/secrets/ca"
    _buildah(
        *("bud", *_policy(), "--isolation", "chroot", "--layers", "--format", "docker", "--pull-never"),
        *("--build-arg", f"BASE={BASE}", "--build-arg", f"CA_BUNDLE={inside}", "--secret", f"id=ca,src={CERTIFICATES}"),
        *("--file", "deploy/docker/Dockerfile", "--target", target, "--tag", f"localhost/logferry-test-{target}", "."),
    )


@cache
def _tidy() -> None:
    """Once a session: take away what killed builds have left; and everything, when too much has gathered."""
    left = [name for name in _containers() if not name.startswith("logferry-test-")]
    if left:
        _buildah("rm", *left)
    if len(_buildah("images", "--all", "--quiet").split()) > LAYERS_AT_MOST:
        _buildah("rm", "--all")
        _buildah("rmi", "--all", "--force")


def _forget_older(target: str) -> None:
    """Containers of earlier builds."""
    older = [name for name in _containers() if name.rpartition("-")[0] == f"logferry-test-{target}"]
    if older:
        _buildah("rm", *older)


def _containers() -> list[str]:
    return _buildah("containers", "--format", "{{.ContainerName}}").split()


def _buildah(*arguments: str) -> str:
    program, store = _builder(), _cache()
    places = ["--root", str(store / "layers"), "--runroot", str(store / "run"), "--storage-driver", "overlay"]
    settings = store / "containers.conf"
    settings.write_text('[containers]\nseccomp_profile = "unconfined"\n')
    environment = {**program.environment, "CONTAINERS_CONF": str(settings)}
    return _run([program.path, *places, *arguments], environment)


@cache
def _builder() -> debian.Program:
    """Buildah; where it is not installed, one that finds its libraries also when it starts itself without variables."""
    found = debian.program("buildah", "usr/bin/buildah")
    if found.path == "/usr/bin/buildah":
        return found
    libraries, own = found.environment["LD_LIBRARY_PATH"], _cache() / "buildah"
    patchelf = debian.program("patchelf", "usr/bin/patchelf")
    shutil.copy(found.path, own)
    _run([patchelf.path, "--force-rpath", "--set-rpath", libraries, str(own)], patchelf.environment)
    return debian.Program(str(own), found.environment)


def _policy() -> list[str]:
    """Images come from here alone, so none has to be signed."""
    path = _cache() / "policy.json"
    path.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return ["--signature-policy", str(path)]


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900, env=environment, cwd=ROOT)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-5000:]}")
    return done.stdout


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "logferry" / "images"
