"""Programs and files of Go modules: peers of the bench, and what tests hold ours against.

They are built once for a machine, into a cache folder.
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin")


def program(package: str, version: str) -> Path:
    """The program of a main package (``helm.sh/helm/v3/cmd/helm``), built where the cache has it not.

    Raises RuntimeError with Go's own words when it cannot be had.
    """
    name = package.rsplit("/", 1)[1]
    if name.startswith("v") and name[1:].isdigit():
        name = package.rsplit("/", 2)[1]

    def install(part: Path) -> None:
        run(["install", "-ldflags=-s -w", f"{package}@v{version}"], {"GOBIN": str(part), "CGO_ENABLED": "0"})

    return made(f"{name}-{version}", install) / name


def made(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name in the cache; where it is not, ``make`` fills one that does not exist yet.

    The name says all that the files depend on (versions, a hash of the code that makes them).
    """
    folder = cache() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may come at once
        if not folder.exists():
            part = folder.with_name(f"{name}.part")
            shutil.rmtree(part, ignore_errors=True)
            make(part)
            part.rename(folder)
    return folder


def files(module: str, version: str) -> Path:
    """The folder with the files of a module, as the module proxy has them."""
    told = json.loads(run(["mod", "download", "-json", f"{module}@v{version}"], {}))
    return Path(told["Dir"])


def cache() -> Path:
    """The folder with a folder for each program that was built."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "logferry" / "go"


def run(arguments: list[str], environment: dict[str, str], folder: Path = Path("/")) -> str:
    """What the go command prints, run in a folder. Raises RuntimeError with its own words."""
    return _said([str(_go()), *arguments], environment, folder)


def run_program(program: Path, arguments: list[str], environment: dict[str, str]) -> str:
    """What a program prints that calls the go command itself. Raises RuntimeError with its own words."""
    path = os.pathsep.join([str(_go().parent), os.environ.get("PATH", "")])
    return _said([str(program), *arguments], {"PATH": path, **environment}, program.parent)


def _go() -> Path:
    found = shutil.which("go", path=os.pathsep.join([os.environ.get("PATH", ""), *PLACES]))
    if found is None:
        raise RuntimeError("Go is not installed: https://go.dev/dl (the Debian package golang-go has it too)")
    return Path(found)


def _said(command: list[str], environment: dict[str, str], folder: Path) -> str:
    whole = {**os.environ, "GOTOOLCHAIN": "auto", "GOFLAGS": "-buildvcs=false", **environment}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=1800, env=whole, cwd=folder)
    if done.returncode != 0:
        name = Path(command[0]).name
        raise RuntimeError(f"{name} {' '.join(command[1:])} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout
