"""A running `logferry relay`, and waiting for what it does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

DEADLINE_SECS = 20.0


def wait_until(good: Callable[[], object], what: str, secs: float = DEADLINE_SECS) -> None:
    deadline = time.monotonic() + secs
    while not good():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.01)


def python(code: str) -> list[str]:
    """A program that runs ``code``."""
    return [sys.executable, "-u", "-c", code]


def environment() -> dict[str, str]:
    """This process's environment without what tells the relay who and where it is."""
    ours = ("POD_NAMESPACE", "POD_NAME", "POD_UID", "CONTAINER_NAME", "NODE_NAME")
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("LOGFERRY_")}


class Relay:
    """One relay; use it in a ``with`` block. What it writes is gathered by threads."""

    def __init__(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "relay", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # no controlling terminal, as in a container
            env={**environment(), **(env or {})},
        )
        self.output = bytearray()
        self.errors = bytearray()
        self._program: list[int] = []
        self._readers = [threading.Thread(target=self._read, args=(name,)) for name in ("stdout", "stderr")]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str) -> None:
        stream = getattr(self.process, name)
        while block := os.read(stream.fileno(), 65536):
            if name == "stdout":
                self.output += block
            else:
                self.errors += block

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        left = [self.process.pid, *self._program] if self.process.poll() is None else self._program
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def wait_for(self, text: bytes, secs: float = DEADLINE_SECS) -> None:
        wait_until(lambda: text in self.output, f"{text!r} in {self.output[-500:]!r}, {self.errors!r}", secs)

    def end(self, number: int | None = None, secs: float = DEADLINE_SECS) -> int:
        """Send a signal if one is named, and wait for the end; the status as `subprocess` tells it."""
        if number == signal.SIGKILL:  # should the program outlive it, it must not outlive the test
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            self._program = [int(each) for each in children.split()]
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(secs)
        for reader in self._readers:
            reader.join(secs)
        return status


def wrapped(program: Sequence[str], *options: str | Path, env: Mapping[str, str] | None = None) -> Relay:
    """A relay around a program."""
    return Relay(*options, "--exec", "--", *program, env=env)


def append(path: Path, content: bytes) -> None:
    """Add to a file as a program does."""
    with path.open("ab") as file:
        file.write(content)


def open_files(pid: int) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found.add(str(link.readlink()))
        except OSError:
            continue
    return found


def position(pid: int, path: Path) -> str | None:
    return str(path) if str(path) in open_files(pid) else None


def io_read(pid: int) -> int:
    return int(Path(f"/proc/{pid}/io").read_text().split()[1])
