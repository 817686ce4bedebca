"""Programs from Debian packages, without installing anything: peers of the bench, and what tests hold ours against.

`program` asks apt which packages this machine would need, fetches those into a cache folder and unpacks them there.
It works as any user. A second call, and any later run, finds the unpacked files and needs no network.
"""

import fcntl
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """An executable file and the environment that it finds its libraries with."""

    path: str
    environment: dict[str, str]


def program(package: str, path: str) -> Program:
    """The program that lies at ``path`` (``usr/sbin/rsyslogd``) in a Debian package, fetched if it is not installed.

    Raises RuntimeError with apt's own words when the package can be neither found here nor fetched.
    """
    installed = Path("/", path)
    if installed.exists():
        return Program(str(installed), dict(os.environ))
    root = _unpacked(package)
    places = (root / path, root / path.removeprefix("usr/"))  # packages from before /usr was merged
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise RuntimeError(f"{path} is not in the Debian package {package}: look into {root}")
    triplet = f"{platform.machine()}-linux-gnu"
    folders = (f"usr/lib/{triplet}", f"lib/{triplet}", f"usr/lib/{triplet}/systemd", "usr/lib/systemd", "lib/systemd")
    libraries = ":".join(str(root / folder) for folder in folders if (root / folder).is_dir())
    before = os.environ.get("LD_LIBRARY_PATH")
    search = f"{libraries}:{before}" if before else libraries
    return Program(str(found), {**os.environ, "LD_LIBRARY_PATH": search})


def _cache() -> Path:
    system = Path("/var/cache/logferry")
    if system.is_dir() and os.access(system, os.W_OK):
        return system / "debian"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "logferry" / "debian"


def _unpacked(package: str) -> Path:
    """The folder with the files of a package and of those it needs and that are not installed in the right version."""
    folder = _cache() / package
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{package}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may come at once
        if not folder.exists():
            _fetch(package, folder)
    return folder


def _fetch(package: str, folder: Path) -> None:
    work = folder.with_name(f"{package}.part")
    shutil.rmtree(work, ignore_errors=True)
    (work / "archives" / "partial").mkdir(parents=True)
    (work / "lists" / "partial").mkdir(parents=True)
    (work / "files").mkdir()
    own_lists = ["-o", f"Dir::State::Lists={work}/lists"]
    first = _download(package, work, [])
    if first.returncode != 0:  # no package lists on this machine, or too old ones
        _run(["apt-get", "-o", "Debug::NoLocking=1", *own_lists, "update"])
        second = _download(package, work, own_lists)
        if second.returncode != 0:
            raise RuntimeError(f"the Debian package {package} cannot be fetched:\n{first.stderr}\n{second.stderr}")
    for archive in sorted((work / "archives").glob("*.deb")):
        subprocess.run(["dpkg", "-x", archive, work / "files"], check=True, timeout=120)  # noqa: S607  # as apt-get below: where PATH has it
    (work / "files").rename(folder)
    shutil.rmtree(work)


def _download(package: str, work: Path, options: list[str]) -> subprocess.CompletedProcess[str]:
    quiet = ["-qq", "-y", "--download-only", "--no-install-recommends"]
    places = ["-o", "Debug::NoLocking=1", "-o", f"Dir::Cache::archives={work}/archives"]
    return _run(["apt-get", *quiet, *places, *options, "install", package])


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it in plain English; a missing program is an answer too."""
    try:
        environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, env=environment)
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
