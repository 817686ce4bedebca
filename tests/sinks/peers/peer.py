"""What the contract suite asks of a destination."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from deploy.local.stack import Stack


@dataclass(frozen=True)
class Surroundings:
    """What a peer is made with: servers that run anyway, a folder and a name of its own."""

    stack: Stack
    folder: Path
    name: str


class PeerOfSink(ABC):
    """A real or protocol-true destination, and how to read back what has arrived there."""

    once: ClassVar[bool] = True
    """Each record arrives once even when the sink is killed; False: at least once."""
    takes_documents: ClassVar[bool] = True
    """Topics of ``format: json`` may be read as well."""
    takes_anything: ClassVar[bool] = False
    """Values are passed on unread, so that there are none that cannot be read."""

    @abstractmethod
    def __init__(self, around: Surroundings) -> None:
        """Everything that `settings` names is there from now on, and answers."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The sink's section in the settings, without topics and group."""

    @property
    def stdout(self) -> int | None:
        """What the sink's process has as standard output; None: its log."""
        return None

    @abstractmethod
    def go(self) -> None:
        """Be away: nothing that is sent from now on is taken."""

    @abstractmethod
    def come_back(self) -> None:
        """Take what is sent again."""

    @abstractmethod
    def received(self) -> list[str]:
        """Record ids of all that has arrived, as often as it has; asked for while the sink runs, and between runs."""

    def close(self) -> None:  # noqa: B027 - not every destination has something to let go of
        """Let go of everything."""
