"""Writing to an object store so that nothing whole is ever replaced by less.

`RemoteObjects` puts with conditions (S3's ``If-None-Match`` and ``If-Match``, and what Google and Azure have for it).
Bodies beyond SINGLE_PUT_BYTES go up in parts; when one fails, the upload is aborted. What a killed process leaves of
its parts only a lifecycle rule removes (docs/archive.md), since no listing shows it.

`LocalFiles` writes a temporary file beside the place, syncs it, moves it there, and syncs the folder: what it says to
have written is there after a power cut too. Two processes of one machine exclude each other by a lock on the folder.

Failures are StoreError with a remedy: a bucket may be made and a key be renewed while a sink waits.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import LocalStore, ObjectStore

from schemas.errors import TemporaryError

SINGLE_PUT_BYTES: Final = 64 * 1024 * 1024
"""Larger bodies go up in parts: one request would take longer than its time limit on a slow line."""
PART_BYTES: Final = 16 * 1024 * 1024
PARTS_AT_ONCE: Final = 2
PROBE: Final = "_logferry/probe"
"""Written at each start, to know what the store can do before it is needed."""
RETRY_SECS: Final = 1.0
TIDIED_MAX: Final = 10_000


class StoreError(TemporaryError):
    """The store did not do it; it may later."""

    def __init__(self, kind: str, text: str, *, where: str, remedy: str) -> None:
        super().__init__(f"{kind}: {text}", delay=RETRY_SECS, where=where, remedy=remedy)
        self.kind = kind
        """For counting: no_access, no_bucket, throttled, timeout, unreachable, disk_full, contended, failed."""


class Found(NamedTuple):
    """An object as it is now."""

    body: bytes
    version: str
    """Changes with the body."""


class Unconditional(Exception):  # noqa: N818 - no error: an answer
    """The store cannot do this under a condition."""


class Objects(Protocol):
    """What the sink needs of a store. All raise StoreError."""

    def create(self, name: str, body: bytes) -> bool:
        """Write where nothing is; False: something is. Raises Unconditional."""

    def replace(self, name: str, body: bytes, version: str) -> bool:
        """Write over a version; False: it is no longer the same. Raises Unconditional."""

    def overwrite(self, name: str, body: bytes) -> None:
        """Write, whatever is there."""

    def read(self, name: str) -> Found | None:
        """What is there."""

    def alone(self, name: str) -> AbstractContextManager[object]:
        """Nobody else writes beside an object meanwhile, where that can be had: between files of one machine."""


def objects_of(store: ObjectStore) -> Objects:
    """How to write to a store."""
    return LocalFiles(Path(str(store.prefix))) if isinstance(store, LocalStore) else RemoteObjects(store)


class RemoteObjects:
    """Objects in S3, Google Cloud Storage, Azure, and in memory."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def create(self, name: str, body: bytes) -> bool:
        """As Objects says."""
        if len(body) > SINGLE_PUT_BYTES:
            raise Unconditional
        with explained(name):
            try:
                obstore.put(self._store, name, body, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            except (NotSupportedError, NotImplementedError):
                raise Unconditional from None
            return True

    def replace(self, name: str, body: bytes, version: str) -> bool:
        """As Objects says."""
        if len(body) > SINGLE_PUT_BYTES:
            raise Unconditional
        with explained(name):
            try:
                obstore.put(self._store, name, body, mode={"e_tag": version}, use_multipart=False)
            except (PreconditionError, NotFoundError, FileNotFoundError):
                return False
            except (NotSupportedError, NotImplementedError):
                raise Unconditional from None
            return True

    def overwrite(self, name: str, body: bytes) -> None:
        """As Objects says."""
        with explained(name):
            if len(body) <= SINGLE_PUT_BYTES:
                obstore.put(self._store, name, body, use_multipart=False)
                return
            view = memoryview(body)
            # Leaving the block by an exception aborts the upload, and the store forgets its parts.
            with obstore.open_writer(
                self._store, name, buffer_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            ) as writer:
                for start in range(0, len(view), PART_BYTES):
                    writer.write(view[start : start + PART_BYTES])

    def read(self, name: str) -> Found | None:
        """As Objects says."""
        with explained(name):
            try:
                found = obstore.get(self._store, name)
                return Found(found.bytes().to_bytes(), found.meta["e_tag"] or "")
            except (NotFoundError, FileNotFoundError) as error:
                if "NoSuchBucket" in str(error):
                    raise
                return None

    def alone(self, name: str) -> AbstractContextManager[object]:  # noqa: ARG002 - cannot be had
        """As Objects says."""
        return nullcontext()


class LocalFiles:
    """Objects as files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tidied: set[Path] = set()
        """Folders without temporary files of processes that were killed."""

    def create(self, name: str, body: bytes) -> bool:
        """As Objects says."""
        with explained(name), self._locked(name) as path:
            if path.exists():
                return False
            _write(path, body)
            return True

    def replace(self, name: str, body: bytes, version: str) -> bool:
        """As Objects says."""
        with explained(name), self._locked(name) as path:
            if not path.exists() or _version(path) != version:
                return False
            _write(path, body)
            return True

    def overwrite(self, name: str, body: bytes) -> None:
        """As Objects says."""
        with explained(name), self._locked(name) as path:
            _write(path, body)

    def read(self, name: str) -> Found | None:
        """As Objects says."""
        path = self._root / name
        with explained(name), suppress(FileNotFoundError), path.open("rb") as file:
            return Found(file.read(), _of(os.fstat(file.fileno())))
        return None

    def alone(self, name: str) -> AbstractContextManager[object]:
        """As Objects says."""
        return self._locked(name)

    @contextmanager
    def _locked(self, name: str) -> Iterator[Path]:
        path = self._root / name
        _make_folders(path.parent)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            self._tidy(path.parent)
            yield path
        finally:
            os.close(folder)

    def _tidy(self, folder: Path) -> None:
        """Whoever wrote what is temporary here is dead: the lock is ours."""
        if folder in self._tidied:
            return
        if len(self._tidied) >= TIDIED_MAX:
            self._tidied.clear()
        self._tidied.add(folder)
        for left in folder.glob(".*.tmp"):
            left.unlink(missing_ok=True)


def _write(path: Path, body: bytes) -> None:
    """Replace a file as a whole, and be sure of it. One writer at a time, so the temporary name is nobody else's."""
    temporary = path.parent / f".{path.name}.tmp"
    try:
        with temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, each entry synced."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _version(path: Path) -> str:
    return _of(path.stat())


def _of(status: os.stat_result) -> str:
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"


# -- what went wrong ---------------------------------------------------------------------------------------------------

_REFUSED: Final = re.compile(r"\b40[13] (Forbidden|Unauthorized)")
_NO_ACCESS: Final = "check the key, that it may list, read and write there, and the machine's clock"


@contextmanager
def explained(name: str) -> Iterator[None]:
    """What a store raises as StoreError."""
    try:
        yield
    except (BaseError, OSError) as error:
        kind, remedy = cause(error)
        raise StoreError(kind, reason(error), where=name, remedy=remedy) from error


def reason(error: BaseException) -> str:
    """What a store says; what follows is its client's inside."""
    text = " ".join(str(error).partition("Debug source")[0].split())[:400]
    return text or type(error).__name__


def cause(error: BaseException) -> tuple[str, str]:
    """Kind of failure, and what a person can do about it."""
    text = str(error)
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError, PermissionError)) or _REFUSED.search(text):
        return "no_access", _NO_ACCESS
    if isinstance(error, (NotFoundError, FileNotFoundError)):
        return "no_bucket", "make the bucket or container, or check its name in the sink's url"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "disk_full", "make room, or give the archive a larger volume"
    if "SlowDown" in text or "503" in text or "429" in text:
        return "throttled", "nothing; it is tried again, ever slower. Larger objects mean fewer requests"
    if "timed out" in text or "operation timed out" in text:
        return "timeout", "check the line to the store; options: timeout gives requests more time"
    if "error sending request" in text or "connect" in text.lower():
        return "unreachable", "check that the endpoint is right and reachable from here"
    return "failed", "it is tried again; see what the store says"
