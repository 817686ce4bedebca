"""A program of the host and its log file, rotated by logrotate in each of its ways."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from pathlib import Path
from typing import Final, Literal

from bench.faults.node.events import Events
from deploy.demo.lines import Profile

PLAIN: Final = Events(Profile(klog_share=0.0))
Names = Literal["number", "dateext"]


class HostLog:
    """Writes lines to a file, and is also who rotates it: nothing is ever written between a copy and a truncation."""

    def __init__(self, path: Path, source: str, *, appends: bool = True, banner: bytes = b"", first: int = 0) -> None:
        """``banner``: what every new file begins with, so that files begin alike."""
        self.path = path
        self.source = source
        self.sequence = first
        """Lines written so far."""
        self._appends = appends
        self._banner = banner
        self._days = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if self._appends else 0)
        self._file = os.open(self.path, flags, 0o644)
        if os.fstat(self._file).st_size == 0:
            os.write(self._file, self._banner)

    def write(self, lines: int) -> None:
        """So many lines more."""
        numbers = range(self.sequence, self.sequence + lines)
        os.write(self._file, b"".join(PLAIN.content(self.source, number) + b"\n" for number in numbers))
        self.sequence += lines

    def reopen(self) -> None:
        """As a program does that was told so after a rotation."""
        os.close(self._file)
        self._open()

    def close(self) -> None:
        """The program ends."""
        os.close(self._file)

    def rotated(self) -> list[Path]:
        """Copies, newest first."""
        return sorted(self.path.parent.glob(f"{self.path.name}[.-]*"), key=_age)

    def rename(self, names: Names = "number") -> Path:
        """As logrotate does with ``create``; the program still writes to the renamed file until `reopen`."""
        target = self._free_name(names)
        self.path.rename(target)
        return target

    def compress_older(self, keep_plain: int = 1) -> None:
        """With ``delaycompress`` the newest copy stays as it is."""
        for path in self.rotated()[keep_plain:]:
            if path.suffix != ".gz":
                temporary = path.with_name(f"{path.name}.gz.tmp")
                with path.open("rb") as plain, gzip.open(temporary, "wb", compresslevel=1) as packed:
                    shutil.copyfileobj(plain, packed)
                temporary.rename(path.with_name(f"{path.name}.gz"))
                path.unlink()

    def copy_and_truncate(self, *, copies: bool = True) -> None:
        """As logrotate does with ``copytruncate``; without a copy as somebody who types ``> app.log``."""
        if copies:
            shutil.copyfile(self.path, self._free_name("number"))
        os.truncate(self.path, 0)
        if self._appends:
            os.write(self._file, self._banner)

    def replace(self, *, same_inode: bool) -> bool:
        """The file is removed, and a new one made; tells whether it took the inode of the old one, where asked to."""
        old = self.path.stat().st_ino
        os.close(self._file)
        self.path.unlink()
        taken = not same_inode or _takes_inode(self.path, old)
        self._open()
        return taken

    def _free_name(self, names: Names) -> Path:
        if names == "dateext":
            self._days += 1
            stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(time.time() + self._days))
            return self.path.with_name(f"{self.path.name}-{stamp}")
        for path in reversed(self.rotated()):
            number, _, suffix = path.name.removeprefix(f"{self.path.name}.").partition(".")
            path.rename(path.with_name(f"{self.path.name}.{int(number) + 1}{suffix and '.' + suffix}"))
        return self.path.with_name(f"{self.path.name}.1")


def _age(path: Path) -> tuple[int, str]:
    """Sorts numbers rising, dates falling."""
    part = path.name.removesuffix(".gz").rpartition(".")[2]
    return (int(part), "") if part.isdigit() else (0, "".join(chr(0x10FFFF - ord(sign)) for sign in path.name))


def _takes_inode(path: Path, inode: int, tries: int = 200) -> bool:
    """Make files until one has that inode, and let it be the one at ``path``; file systems give the lowest again."""
    others: list[Path] = []
    made = path.with_name(f".{path.name}.new")
    for number in range(tries):
        made = path.with_name(f".{path.name}.{number}")
        made.touch()
        if made.stat().st_ino == inode:
            break
        others.append(made)
    taken = made.stat().st_ino == inode
    made.rename(path)
    for other in others:
        other.unlink(missing_ok=True)
    return taken
