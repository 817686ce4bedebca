"""The objects of an archive as a file system for duckdb, which has no S3, GCS or Azure of its own without extensions.

duckdb asks for sizes and for ranges of bytes; sizes are known from the listing, so opening an object costs no request.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import fsspec

from sinks.object_storage.stored import StoredObject, open_object

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PROTOCOL: Final = "logferry"
READ_BYTES: Final = 256 * 1024
"""Least bytes of a request: a column of a row group is often less than that, and its neighbour is wanted next."""


class ArchiveFiles(fsspec.AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Objects that were listed, by ``logferry://<name>``. Nothing can be written."""

    protocol = PROTOCOL
    cachable = False

    def __init__(self, store: ObjectStore, objects: Iterable[StoredObject]) -> None:
        super().__init__()
        self._store = store
        self._objects = {each.name: each for each in objects}

    def url(self, each: StoredObject) -> str:
        """What an object is called here."""
        return f"{PROTOCOL}://{each.name}"

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """As fsspec says."""
        each = self._object(path)
        return {"name": each.name, "size": each.bytes, "type": "file"}

    def modified(self, path: str) -> datetime:
        """As fsspec says."""
        return datetime.fromtimestamp(self._object(path).modified, UTC)

    def glob(self, path: str, maxdepth: int | None = None, **_: Any) -> list[str]:  # noqa: ARG002 - fsspec's
        """A name means itself."""
        return [self._object(path).name]

    def _open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        if mode != "rb":
            raise PermissionError("an archive is only read here")
        return open_object(self._store, self._object(path), READ_BYTES)

    def _object(self, path: str) -> StoredObject:
        name = str(self._strip_protocol(path))
        if name not in self._objects:
            raise FileNotFoundError(name)
        return self._objects[name]
