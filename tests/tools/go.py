"""Programs and files of Go modules, for tests against the real thing: built once for a machine, into a cache folder."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin")


def program(package: str, version: str) -> Path:
    """The program of a main package (``helm.sh/helm/v3/cmd/helm``), built where the cache has it not.

    Raises RuntimeError with Go's own words when it cannot be had.
    """
    name = package.rsplit("/", 1)[1]
    if name.startswith("v") and name[1:].isdigit():
        name = package.rsplit("/", 2)[1]
    folder = _cache() / f"{name}-{version}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may come at once
        if not (folder / name).exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            _go(["install", "-ldflags=-s -w", f"{package}@v{version}"], {"GOBIN": str(part), "CGO_ENABLED": "0"})
            part.rename(folder)
    return folder / name


def files(module: str, version: str) -> Path:
    """The folder with the files of a module, as the module proxy has them."""
    told = json.loads(_go(["mod", "download", "-json", f"{module}@v{version}"], {}))
    return Path(told["Dir"])


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "logferry" / "go"


def _go(arguments: list[str], environment: dict[str, str]) -> str:
    go = shutil.which("go", path=os.pathsep.join([os.environ.get("PATH", ""), *PLACES]))
    if go is None:
        raise RuntimeError("Go is not installed: https://go.dev/dl (the Debian package golang-go has it too)")
    whole = {**os.environ, "GOTOOLCHAIN": "auto", "GOFLAGS": "-buildvcs=false", **environment}
    done = subprocess.run(
        [go, *arguments], check=False, capture_output=True, text=True, timeout=1800, env=whole, cwd="/"
    )
    if done.returncode != 0:
        raise RuntimeError(f"go {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout
