"""Packages of Node for tests against the real thing, installed into a cache folder by their lock file."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path


def node() -> str:
    """Node's executable. Raises RuntimeError when this machine has none."""
    return _executable("node")


def packages(folder: Path) -> Path:
    """A folder whose node_modules has what package-lock.json in ``folder`` names.

    Installed at the first call with this lock file; later ones, and later runs, find it and need no network. No script
    of a package is run. Raises RuntimeError with npm's own words when they cannot be had.
    """
    lock_file = (folder / "package-lock.json").read_bytes()
    place = _cache() / f"{folder.name}-{hashlib.sha256(lock_file).hexdigest()[:16]}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may come at once
        if not place.exists():
            _install(folder, place)
    return place


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "logferry" / "npm"


def _install(folder: Path, place: Path) -> None:
    part = place.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(folder / name, part / name)
    command = [_executable("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=part, check=False, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"npm cannot install the packages of {folder}:\n{done.stdout}{done.stderr}")
    part.rename(place)


def _executable(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed: the Debian packages nodejs and npm have it")
    return found
