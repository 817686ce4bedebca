"""Fetch artifacts of the Maven repository: several at once, each verified before it is trusted.

An artifact arrives in a scratch folder on the cache's file system, is hashed there, and only then renamed to its
place: what lies in the repository folder under its final name is whole and right, however a former run ended. jgo
knows the repository's address and does the transfer; nothing is resolved.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from jgo.maven import MavenContext, PythonResolver

from deploy.local.lock import Artifact
from deploy.local.users import make_folder
from schemas.errors import FatalError

log = logging.getLogger(__name__)

PARALLEL: Final = 8
ATTEMPTS: Final = 3
TIMEOUT_SECS: Final = 60
COUNT_EVERY: Final = 0.005
"""Of the whole: how much has to arrive before it is told again."""

Count: TypeAlias = Callable[[int, int], None]
"""Takes bytes done and bytes total, from any thread, one at a time."""


def missing(artifacts: Sequence[Artifact], repository: Path) -> list[Artifact]:
    """Those that `repository` does not hold in their full size."""
    return [artifact for artifact in artifacts if not _is_there(repository / artifact.path, artifact.size)]


def _is_there(file: Path, size: int) -> bool:
    return file.is_file() and file.stat().st_size == size


def fetch(artifacts: Sequence[Artifact], repository: Path, scratch: Path, count: Count) -> None:
    """Download `artifacts` into `repository`, in the repository's layout, through `scratch` on the same file system.

    Raises FatalError naming the first artifact that could not be had, or whose checksum is not the pinned one.
    """
    tally = _Tally(sum(artifact.size for artifact in artifacts), count)
    with ThreadPoolExecutor(PARALLEL) as pool:
        try:
            for one in as_completed([pool.submit(_fetch_one, a, repository, scratch, tally) for a in artifacts]):
                one.result()
        except BaseException:
            tally.cancelled.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch_one(artifact: Artifact, repository: Path, scratch: Path, tally: _Tally) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                arrived = _transfer(artifact, Path(folder), tally)
                verify(arrived, artifact)
                _put(arrived, repository / artifact.path)
                return
        except Exception as problem:
            tally.forget(artifact)
            if attempt == ATTEMPTS or tally.cancelled.is_set():
                raise problem if isinstance(problem, FatalError) else _not_had(artifact, problem) from problem
            log.warning("download of %s failed, trying again: %s", artifact.coordinate, problem)


def _transfer(artifact: Artifact, folder: Path, tally: _Tally) -> Path:
    @contextmanager
    def on_progress(_file: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield lambda amount: tally.add(artifact, amount)

    resolver = PythonResolver(progress_callback=on_progress)
    context = MavenContext(resolver, repo_cache=folder, local_repos=[], timeout=TIMEOUT_SECS)
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    return component.artifact(artifact.classifier, artifact.packaging).resolve()


def verify(file: Path, artifact: Artifact) -> None:
    """Raise FatalError unless the file's SHA-256 is the one that is pinned for `artifact`."""
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != artifact.sha256:
        raise FatalError(
            f"the checksum of {artifact.coordinate} is wrong: SHA-256 {found}, pinned is {artifact.sha256}",
            where=f"downloaded {file.stat().st_size} bytes of {artifact.size}; nothing of it was kept",
            remedy="start again; if it stays, something between here and the Maven repository (a proxy?) alters files",
        )


def _put(arrived: Path, place: Path) -> None:
    make_folder(place.parent)
    arrived.chmod(0o644)
    arrived.replace(place)


def _not_had(artifact: Artifact, problem: Exception) -> FatalError:
    reason = str(problem) or type(problem).__name__
    return FatalError(
        f"could not download {artifact.coordinate}: {reason}",
        where=f"after {ATTEMPTS} attempts",
        remedy="check the connection to the Maven repository (HTTPS_PROXY, REQUESTS_CA_BUNDLE) and free disk space, "
        "then start again: what has arrived is kept",
    )


class _Tally:
    """How much of all artifacts has arrived; a failed attempt does not count."""

    def __init__(self, total: int, count: Count) -> None:
        self._total = total
        self._count = count
        self._done: dict[Artifact, int] = {}
        self._told = 0
        self._guard = threading.Lock()
        self.cancelled = threading.Event()

    def add(self, artifact: Artifact, amount: int) -> None:
        if self.cancelled.is_set():
            raise InterruptedError("cancelled")
        with self._guard:
            self._done[artifact] = self._done.get(artifact, 0) + amount
            done = sum(self._done.values())
            if done == self._total or abs(done - self._told) >= self._total * COUNT_EVERY:
                self._told = done
                self._count(done, self._total)

    def forget(self, artifact: Artifact) -> None:
        with self._guard:
            self._done.pop(artifact, None)
