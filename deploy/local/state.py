"""What a data folder knows about its stack.

- `stack.lock`: held (flock) by the owning process and its guard for as long as the stack is theirs
- `stack.json`: lives on; the stack's name, and the ports that were chosen for it
- `running.json`: who owns the stack now, and which processes are its servers; no owner: left running on purpose
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.local.processes import ProcessId
from deploy.local.users import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Running:
    """Who runs what."""

    owner: ProcessId | None = None
    servers: Mapping[str, ProcessId] = field(default_factory=dict)


@dataclass(frozen=True)
class Identity:
    """What stays the same from start to start."""

    name: str
    """Kafka's cluster id, and part of Elasticsearch's cluster name: an answer that bears it comes from our server."""
    ports: Mapping[str, int] = field(default_factory=dict)


def read_running(file: Path) -> Running:
    """The running stack; an empty one if there is none."""
    content = _read(file)
    owner = content.get("owner")
    servers = {name: ProcessId(**process) for name, process in content.get("servers", {}).items()}
    return Running(ProcessId(**owner) if owner else None, servers)


def write_running(file: Path, running: Running) -> None:
    """Replace the file as a whole."""
    _write(file, asdict(running))


def read_identity(file: Path) -> Identity:
    """The stack's identity; a new one, not yet written, if there is none."""
    content = _read(file)
    return Identity(content.get("name") or new_name(), content.get("ports", {}))


def write_identity(file: Path, identity: Identity) -> None:
    """Replace the file as a whole."""
    _write(file, asdict(identity))


def new_name() -> str:
    """22 letters and digits, as long as Kafka's cluster ids, which are 16 bytes in base64url."""
    return uuid.uuid4().hex[:21] + "A"  # the last of 22 base64 letters carries four bits only


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(file: Path, content: object) -> None:
    fresh = file.with_name(f"{file.name}.new")
    write_text(fresh, json.dumps(content, indent=1))
    fresh.replace(file)


def try_lock(file: Path) -> int | None:
    """Take the stack's lock: a descriptor to close later, or to pass on; None if somebody has it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
