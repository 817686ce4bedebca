"""Write `servers.lock` anew: `python -m deploy.local.lock`, after its `roots` were edited.

Each root is resolved by itself, and a later root never changes an earlier one's versions: resolved together, the
dependency management of the one overrules the other's (log4j's brings kafka-clients 3.9 under a Kafka 4.3 broker).
Checksums are those of the files as downloaded now; whoever commits the result vouches for them.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jgo.maven import MavenContext

from deploy.local.lock import Artifact, LockedServer, read_lock

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER: Final = """\
# The local stack's servers: the one place where their versions are pinned.
# Edit `roots`, then run `python -m deploy.local.lock`, which writes the artifacts with SHA-256 and size in bytes.
"""


def relock(file: Path) -> None:
    """Resolve all roots of `file`, download what they need into a temporary folder, write the pins back."""
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), local_repos=[], timeout=60)
        servers = [replace(server, artifacts=_pinned(server, context)) for server in read_lock(file).values()]
    file.write_text(HEADER + "".join(map(_section, servers)), encoding="utf-8")


def _pinned(server: LockedServer, context: MavenContext) -> tuple[Artifact, ...]:
    wanted: dict[tuple[str, str, str], Artifact] = {}
    for root in server.roots:
        for artifact in [root, *(_dependencies(root, context) if server.closure else ())]:
            wanted.setdefault((artifact.group, artifact.name, artifact.classifier), artifact)
    return tuple(_pin(artifact, context) for artifact in wanted.values())


def _dependencies(root: Artifact, context: MavenContext) -> Iterable[Artifact]:
    coordinate = f"{root.group}:{root.name}:{root.version}"
    _, dependencies = context.resolver.resolve([context.create_dependency(coordinate)])
    for found in sorted(dependencies, key=lambda found: (found.groupId, found.artifactId)):
        yield Artifact(found.groupId, found.artifactId, found.type, found.classifier, found.version)


def _pin(artifact: Artifact, context: MavenContext) -> Artifact:
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    content = component.artifact(artifact.classifier, artifact.packaging).resolve().read_bytes()
    return replace(artifact, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def _section(server: LockedServer) -> str:
    roots = json.dumps([root.coordinate for root in server.roots])
    pins = "".join(f'"{a.coordinate}" = {{sha256 = "{a.sha256}", size = {a.size}}}\n' for a in server.artifacts)
    closure = str(server.closure).lower()
    return f"\n[{server.name}]\nroots = {roots}\nclosure = {closure}\n\n[{server.name}.artifacts]\n{pins}"
