"""A program that writes a text log, and logrotate; both know what was written to which file."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BANNER = b"# log file of the example service\n"
"""What every file may begin with, so that files begin alike. A line follows: two files with the same content from the
first byte to the last cannot be told apart by anybody who has not seen both at once."""


@dataclass(eq=False)
class Text:
    """The bytes that were written to one file between its creation and its end."""

    content: bytes = b""
    """Everything a reader must deliver; a hole before it is left out."""

    path: Path | None = None
    """Where its bytes can be read now; None: nowhere."""


class Program:
    """Writes ``app.log``; rotated copies are numbered, the newest 1."""

    def __init__(self, folder: Path, *, appends: bool = True, banner: bool = False) -> None:
        self.folder = folder
        self.live = folder / "app.log"
        self.appends = appends
        self.banner = banner
        self.lines = 0
        self.texts: list[Text] = []
        self._file: int | None = None
        self._open()

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if self.appends else 0)
        self._file = os.open(self.live, flags)
        self.texts.append(Text(path=self.live))
        if self.banner:
            self.write(BANNER + self.line(3) + b"\n")

    @property
    def text(self) -> Text:
        return self.texts[-1]

    def write(self, content: bytes) -> None:
        assert self._file is not None
        os.write(self._file, content)
        self.text.content += content

    def line(self, size: int) -> bytes:
        """A line without its end; its number tells it from every other."""
        self.lines += 1
        return f"line {self.lines} {'x' * size}".encode()

    def _shift(self) -> None:
        """app.log.1 becomes app.log.2 and so on."""
        rotated = sorted(self.folder.glob("app.log.*"), key=lambda path: -int(path.name.split(".")[2]))
        for path in rotated:
            parts = path.name.split(".")
            parts[2] = str(int(parts[2]) + 1)
            target = path.with_name(".".join(parts))
            for text in self.texts:
                if text.path == path:
                    text.path = target
            path.rename(target)

    def rename(self, *, reopen: bool) -> None:
        """Logrotate's create: the program is told to reopen, now or later."""
        self._shift()
        target = self.folder / "app.log.1"
        self.live.rename(target)
        self.text.path = target
        if reopen:
            self.reopen()

    @property
    def is_renamed(self) -> bool:
        return self.text.path != self.live

    def reopen(self) -> None:
        self.close()
        self._open()

    def copy_and_truncate(
        self,
        *,
        copies: bool = True,
        truncates: bool = True,
        share: float = 0.0,
        meanwhile: Callable[[], object] = bool,
    ) -> None:
        """Logrotate's copytruncate; or a truncation of which nobody keeps a copy.

        ``meanwhile`` happens when ``share`` of the copy is written, and again when all of it is.
        """
        self.text.path = None
        if copies:
            self._shift()
            content, target = self.live.read_bytes(), self.folder / "app.log.1"
            with target.open("wb", buffering=0) as copy:
                copy.write(content[: int(share * len(content))])
                meanwhile()
                copy.write(content[copy.tell() :])
            meanwhile()
            self.text.path = target
        if truncates:
            self.truncate()

    def truncate(self) -> None:
        """What is written next is another text."""
        os.truncate(self.live, 0)
        self.texts.append(Text(path=self.live))

    def recreate(self) -> None:
        """Somebody deletes the file, and the program makes a new one."""
        self.text.path = None
        self.live.unlink()
        self.reopen()

    def rotated(self) -> list[Text]:
        return [text for text in self.texts[:-1] if text.path is not None and text.content]

    def compress(self, text: Text) -> None:
        assert text.path is not None
        target = text.path.with_name(text.path.name + ".gz")
        target.write_bytes(gzip.compress(text.path.read_bytes()))
        text.path.unlink()
        text.path = target

    def delete(self, text: Text) -> None:
        assert text.path is not None
        text.path.unlink()
        text.path = None

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
