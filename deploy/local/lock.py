"""The one place where the servers' versions are pinned: `servers.lock`.

Each section names its `roots` (written by people) and all `artifacts` that they need, with SHA-256 and size (written
by `python -m deploy.local.lock`, see `relock`). A start reads this file and fetches exactly these artifacts: nothing
is resolved then, so a start today and one in a year run the same bytes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

LOCK_FILE: Final = Path(__file__).with_name("servers.lock")


@dataclass(frozen=True, order=True)
class Artifact:
    """One file of the Maven repository."""

    group: str
    name: str
    packaging: str
    classifier: str
    version: str
    sha256: str = ""
    """Hexadecimal, lower case."""
    size: int = 0
    """Bytes."""

    @property
    def coordinate(self) -> str:
        """`group:name:packaging[:classifier]:version`, Maven's own order."""
        classifier = [self.classifier] if self.classifier else []
        return ":".join([self.group, self.name, self.packaging, *classifier, self.version])

    @property
    def path(self) -> PurePosixPath:
        """Where the artifact lies below a repository's root."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        file = f"{self.name}-{self.version}{classifier}.{self.packaging}"
        return PurePosixPath(*self.group.split("."), self.name, self.version, file)


@dataclass(frozen=True)
class LockedServer:
    """What one server is made of."""

    name: str
    roots: tuple[Artifact, ...]
    """The server itself first, then what people added to it."""
    closure: bool
    """Whether the roots need what their POMs depend on, or are complete in themselves."""
    artifacts: tuple[Artifact, ...]
    """Every file, with checksum and size; the order of the class path."""

    @property
    def version(self) -> str:
        """The server's version."""
        return self.roots[0].version


def parse_coordinate(coordinate: str, sha256: str = "", size: int = 0) -> Artifact:
    """Read `group:name:packaging[:classifier]:version`. Raises ValueError for anything else."""
    parts = coordinate.split(":")
    if len(parts) == 4:
        parts.insert(3, "")
    if len(parts) != 5:
        raise ValueError(f"{coordinate!r} is not group:name:packaging[:classifier]:version")
    group, name, packaging, classifier, version = parts
    return Artifact(group, name, packaging, classifier, version, sha256, size)


def read_lock(file: Path = LOCK_FILE) -> dict[str, LockedServer]:
    """All servers of the lock file, by name. Raises OSError, ValueError or KeyError if it was edited into nonsense."""
    return {name: _server(name, section) for name, section in tomllib.loads(file.read_text()).items()}


def _server(name: str, section: dict[str, Any]) -> LockedServer:
    artifacts = section.get("artifacts", {})
    return LockedServer(
        name=name,
        roots=tuple(parse_coordinate(root) for root in section["roots"]),
        closure=section["closure"],
        artifacts=tuple(parse_coordinate(key, pin["sha256"], pin["size"]) for key, pin in artifacts.items()),
    )


if __name__ == "__main__":
    from deploy.local.relock import relock

    relock(LOCK_FILE)
