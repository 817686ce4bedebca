"""The data folder: where it is unless somebody says otherwise, and making it fit for the servers.

Layout: `stack.lock`, `stack.json`, `running.json` (see `state`), `logs/<server>.log`, and a folder for each server.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from deploy.local.users import User, barrier, make_folder, server_user
from schemas.errors import SettingsError

FALLBACK: Final = Path("/var/lib/logferry")


def default_data_folder(cwd: Path) -> Path:
    """`<cwd>/.logferry`; for root, where the servers' user could not reach that, a folder of `/var/lib/logferry`."""
    return folder_for(cwd, server_user())


def folder_for(cwd: Path, user: User | None) -> Path:
    """The same for a given servers' user (None: ourselves)."""
    cwd = cwd.resolve()
    if barrier(cwd / ".logferry", user) is None:
        return cwd / ".logferry"
    digest = hashlib.sha256(str(cwd).encode()).hexdigest()[:8]
    return FALLBACK / f"{cwd.name or 'root'}-{digest}"


def prepare_folder(data: Path, user: User | None) -> None:
    """Make the data folder. Raises SettingsError if we cannot write it, or the servers' user cannot reach it."""
    try:
        make_folder(data)
        make_folder(data / "logs")
        probe = data / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise SettingsError(
            f"cannot write to the data folder {data}: {problem.strerror}",
            remedy="name another folder with --data, or start as the user who started here before",
        ) from problem
    if closed := barrier(data, user):
        name = user.name if user else ""
        raise SettingsError(
            f"the user {name}, as whom root starts the servers, cannot enter {closed}",
            where=f"data folder {data}",
            remedy=f"name another folder with --data, for example {folder_for(data, user)}, or `chmod a+x {closed}`",
        )
