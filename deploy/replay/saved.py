"""How far a replay has come: a file a replay, of whoever runs it, which the same command finds again.

It lies in ``$XDG_STATE_HOME/logferry/replay`` (by default below ``~/.local/state``). Without it a replay begins anew,
which costs time and nothing else.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from schemas.errors import SettingsError, TemporaryError

if TYPE_CHECKING:
    from schemas.settings import Settings

SENDING: Final = "sending"
SENT: Final = "sent"
COMPLETE: Final = "complete"
PERSON_ONLY: Final = 0o700


@dataclass(frozen=True)
class Saved:
    """Where it is."""

    since: int
    """As it was understood when it began, in nanoseconds since 1970."""
    until: int
    match: str = "**"
    number: int = 1
    """How often it was begun anew, and once."""
    phase: str = SENDING
    position: str = ""
    """As the reader has it."""
    chunks: int = 0
    records: int = 0
    bytes: int = 0
    troubles: int = 0
    written_at: float = 0.0
    """Seconds since 1970."""

    def again(self, since: int, until: int) -> Saved:
        """A new beginning."""
        return Saved(since, until, self.match, self.number + 1)

    def at(self, **changes: object) -> Saved:
        """The same, further on."""
        return replace(self, **changes)  # type: ignore[arg-type]


def state_folder() -> Path:
    """Where it is kept."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "logferry" / "replay"


def place_of(settings: Settings, name: str) -> str:
    """A file's name: of one thing, on one cluster."""
    where = f"{settings.kafka.bootstrap_servers} {settings.topics.names.raw}"
    return f"{blake2b(where.encode(), digest_size=4).hexdigest()}-{name}"


class Store:
    """What is kept of one replay; in a ``with`` block nobody else has it. Raises SettingsError where it cannot be."""

    def __init__(self, name: str) -> None:
        self._path = state_folder() / f"{name}.json"
        self._lock: int | None = None

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=PERSON_ONLY)
            self._lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SettingsError(
                f"how far the replay has come cannot be kept: {error.strerror}",
                where=str(self._path.parent),
                remedy="name another folder with XDG_STATE_HOME",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise TemporaryError(
                "the same replay is running already", delay=5.0, where=str(self._path), remedy="wait for its end"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)

    def read(self) -> Saved | None:
        """What was written last; None: nothing that can be read."""
        try:
            return Saved(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, saved: Saved) -> None:
        """Keep it, as a whole or not at all."""
        new = self._path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(saved), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)

    def remove(self) -> bool:
        """Forget it; whether there was anything."""
        was_there = self._path.exists()
        self._path.unlink(missing_ok=True)
        return was_there
