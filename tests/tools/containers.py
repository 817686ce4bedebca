"""Containers of our images without Docker: by runc, which is what Docker and Kubernetes run containers with.

As Kubernetes would run them under the `restricted` pod security standard: the image's own user, a read-only root, no
capabilities, no new privileges; a /tmp in memory and the folders that are named are all they may write to. They share
this machine's network, so that they reach the servers of the tests.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from tests.tools import debian
from tests.tools.images import Image

USER: Final = 65532
_numbers = itertools.count(1)


class Container:
    """One process in a container of its own; use it in a ``with`` block, or ``run``."""

    def __init__(
        self,
        image: Image,
        arguments: Sequence[str],
        folder: Path,
        *,
        mounts: Mapping[str, Path] | None = None,
        writable: Mapping[str, Path] | None = None,
        environment: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] | None = None,
        groups: Sequence[int] = (),
        output: Any = subprocess.PIPE,
    ) -> None:
        """``folder``: for the runtime's own files. ``mounts``: path inside -> folder or file here, read-only.

        ``groups``: further ones of the user, as supplementalGroups of a pod.
        """
        self.id = f"logferry-{os.getpid()}-{next(_numbers)}"
        self._state = folder / "runc"
        bundle = folder / self.id
        bundle.mkdir(parents=True)
        command = [*(image.config["Entrypoint"] if entrypoint is None else entrypoint), *arguments]
        bound = [_bind(inside, here, "ro") for inside, here in {**_RESOLVING, **(mounts or {})}.items()]
        bound += [_bind(inside, here, "rw") for inside, here in (writable or {}).items()]
        told = _specification(image, command, {**image.environment, **(environment or {})}, bound)
        told["process"]["user"]["additionalGids"] = list(groups)
        (bundle / "config.json").write_text(json.dumps(told))
        self.process = subprocess.Popen(
            _runc(self._state, "run", "--bundle", str(bundle), self.id),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env=debian.program("runc", "usr/sbin/runc").environment,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """SIGKILL to all its processes; nothing of it stays."""
        subprocess.run(_runc(self._state, "delete", "--force", self.id), check=False, capture_output=True, timeout=30)
        self.process.communicate(timeout=30) if self.process.stdout else self.process.wait(30)


def run(image: Image, *arguments: str, folder: Path, timeout: float = 60.0, **given: Any) -> tuple[int, str]:
    """Exit status and all output of a container that ends by itself."""
    with Container(image, arguments, folder, **given) as container:
        output, _ = container.process.communicate(timeout=timeout)
        return container.process.returncode, output


_RESOLVING = {path: Path(path) for path in ("/etc/hosts", "/etc/resolv.conf")}
"""What every runtime gives its containers."""


def _runc(state: Path, *arguments: str) -> list[str]:
    return [debian.program("runc", "usr/sbin/runc").path, "--root", str(state), *arguments]


def _bind(inside: str, here: Path, mode: str) -> dict[str, Any]:
    return {"destination": inside, "type": "bind", "source": str(here), "options": ["rbind", mode, "nosuid", "nodev"]}


def _memory(inside: str, *options: str) -> dict[str, Any]:
    return {"destination": inside, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", *options]}


def _specification(
    image: Image, command: list[str], environment: Mapping[str, str], bound: list[dict[str, Any]]
) -> dict[str, Any]:
    """The bundle's config.json. Format: Open Container Initiative, runtime specification 1.0."""
    user, group = map(int, image.config["User"].split(":"))
    kernel = [{"destination": "/proc", "type": "proc", "source": "proc"}, _memory("/dev", "mode=755")]
    nothing: list[str] = []
    sets = ("bounding", "effective", "inheritable", "permitted", "ambient")
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": user, "gid": group},
            "args": command,
            "env": [f"{name}={value}" for name, value in environment.items()],
            "cwd": image.config["WorkingDir"],
            "capabilities": dict.fromkeys(sets, nothing),
            "noNewPrivileges": True,
        },
        "root": {"path": str(image.root), "readonly": True},
        "mounts": [*kernel, _memory("/tmp", "nodev", "mode=1777"), *bound],
        "linux": {"namespaces": [{"type": each} for each in ("pid", "mount", "ipc", "uts")]},
    }
