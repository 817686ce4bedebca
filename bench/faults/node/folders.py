"""Folders and links of a node that cannot be read for a while, lead elsewhere, or are replaced."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bench.faults.site import Site

Folder = Literal["containers", "pods"]


@dataclass(frozen=True)
class Unreadable:
    """A folder of logs cannot be read; programs write on into the files that they have open.

    Its rights are taken away; where that stops nobody (root), a link that leads to itself stands in its place.
    """

    folder: Folder
    secs: float = 6.0

    def begin(self, site: Site) -> None:
        """Reading goes on afterwards where it stood."""
        path = _folder(site, self.folder)
        if os.geteuid() == 0:
            path.rename(_aside(path))
            path.symlink_to(path)
        else:
            path.chmod(0)

    def end(self, site: Site) -> None:
        """The folder is what it was."""
        path = _folder(site, self.folder)
        if _aside(path).exists():
            path.unlink(missing_ok=True)
            _aside(path).rename(path)
        elif os.geteuid() != 0:
            path.chmod(0o755)


@dataclass(frozen=True)
class Replaced:
    """A folder of logs is made anew, as after a mount: its entries are the same, itself it is another."""

    folder: Folder
    secs: float = 4.0

    def begin(self, site: Site) -> None:
        """For a moment it is not there at all."""
        path = _folder(site, self.folder)
        path.rename(_aside(path))
        site.hold(1.0)
        path.mkdir()
        for entry in _aside(path).iterdir():
            entry.rename(path / entry.name)
        _aside(path).rmdir()

    def end(self, site: Site) -> None:
        """Also when it began badly."""
        path = _folder(site, self.folder)
        path.mkdir(exist_ok=True)
        if _aside(path).exists():
            for entry in _aside(path).iterdir():
                entry.rename(path / entry.name)
            _aside(path).rmdir()


@dataclass(frozen=True)
class LinksTricked:
    """Links to logs lead through other links, to themselves, to nothing or to a folder, and some logs have two."""

    secs: float = 6.0

    def begin(self, site: Site) -> None:
        """Each in turn another trick."""
        links = sorted(_folder(site, "containers").glob("*.log"))
        for number, link in enumerate(links):
            target = link.readlink()
            _store(link, target)
            _lead(link, self._trick(number, link, target))

    @staticmethod
    def _trick(number: int, link: Path, target: Path) -> Path:
        between = link.parent.parent / f"between-{number}.log"
        match number % 5:
            case 0:
                _lead(between, target)
                return between
            case 1:
                return link
            case 2:
                return target.with_name("nothing.log")
            case 3:
                return target.parent
            case _:
                _lead(link.with_name(f"{link.name[:-12]}{'f' * 8}.log"), target)
                return target

    def end(self, site: Site) -> None:
        """Links lead to their logs again."""
        for stored in _folder(site, "containers").glob(".*.was"):
            _lead(stored.with_name(stored.name[1:-4]), stored.readlink())
            stored.unlink()


def _store(link: Path, target: Path) -> None:
    _lead(link.with_name(f".{link.name}.was"), target)


def _lead(link: Path, target: Path) -> None:
    """Let a link lead elsewhere, in one step as `ln -sfn` does it."""
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.rename(link)


def _folder(site: Site, folder: Folder) -> Path:
    return site.node / "var/log" / folder


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.aside")
