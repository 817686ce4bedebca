"""Who runs the servers, and what that user can reach.

Elasticsearch refuses to run as root, so under root every server runs as `nobody`; otherwise as whoever asks. The other
user must be able to walk to the Java runtime, the distribution and its data: a clone, a virtual environment or a home
under a 0700 folder (root's home often is one) stands in the way. Only permission bits are looked at, not ACLs.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class User:
    """Another user than ourselves, as whom the servers run."""

    name: str
    uid: int
    gid: int


def server_user() -> User | None:
    """`nobody` if we are root; None if the servers run as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return User("nobody", 65534, 65534)
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def barrier(path: Path, user: User | None) -> Path | None:
    """The first folder on the way to `path`, or `path` itself, that `user` may not enter or read; else None.

    What does not exist yet is no barrier. `user` None is ourselves, who need not be asked.
    """
    if user is None:
        return None
    path = path.absolute()
    way = [*reversed(path.parents), path]
    return next((place for place in way if place.exists() and not _lets_in(place, user)), None)


def _lets_in(place: Path, user: User) -> bool:
    status = place.stat()
    needed = stat.S_IXOTH if place.is_dir() else stat.S_IROTH
    if status.st_uid == user.uid:
        needed <<= 6
    elif status.st_gid == user.gid:
        needed <<= 3
    return bool(status.st_mode & needed)


def make_folder(folder: Path, user: User | None = None) -> Path:
    """Make `folder` (it belongs to `user`) and its missing parents, open to everybody whatever our umask is."""
    missing = [place for place in [*reversed(folder.parents), folder] if not place.exists()]
    for place in missing:
        place.mkdir(exist_ok=True)
        place.chmod(0o755)
    give(folder, user)
    return folder


def give(folder: Path, user: User | None) -> None:
    """Make `user` the owner of `folder` and all in it, unless the folder is theirs already."""
    if user is None or folder.stat().st_uid == user.uid:
        return
    for inside, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(inside, name), user.uid, user.gid, follow_symlinks=False)
    os.chown(folder, user.uid, user.gid)  # last: an interrupted walk is done again


def write_text(file: Path, text: str) -> None:
    """Write a file that everybody may read, whatever our umask is."""
    file.write_text(text, encoding="utf-8")
    file.chmod(0o644)
