"""What the stack needs to know about a server; see `kafka`, `elasticsearch` and `object_store`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.local.cache import Distribution
from deploy.local.processes import Launch
from deploy.local.users import User


@dataclass(frozen=True)
class Place:
    """Where one server lives."""

    folder: Path
    """The server's own folder; it belongs to `user`."""
    log: Path
    name: str
    """The stack's name, by which a server's answer is recognised."""
    ports: Mapping[str, int]
    """By use; a server's own is under its name."""
    user: User | None
    """As whom the server runs; None for ourselves."""


@dataclass(frozen=True)
class Tools:
    """What a server is started with."""

    java_home: Path
    distribution: Distribution


class Server(Protocol):
    """One kind of server, at its place. Making one does nothing yet."""

    @property
    def place(self) -> Place:
        """Where it lives."""

    def prepare(self, tools: Tools) -> None:
        """Write its settings and whatever its first start needs; harmless to repeat. Raises FatalError."""

    def launch(self, tools: Tools) -> Launch:
        """How to start it."""

    def is_ready(self) -> bool:
        """Whether it does its work, and is the one of this stack. Takes a few seconds at most; never raises."""
