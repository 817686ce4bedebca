"""Real journal files, made by systemd-journal-remote from entries in the export format."""

from __future__ import annotations

import random
import resource
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools.debian import program

BOOT = "b007" * 8
"""A boot id."""

MOMENT = 1_763_000_000_000_000
"""Microseconds since 1970 of an entry's `at` 0."""

Values = bytes | str | list[bytes]


def entry(at: int, unit: str = "kubelet.service", *, boot: str = BOOT, **fields: Values) -> bytes:
    """One entry in the export format, ``at`` milliseconds after MOMENT; every field written as a binary one."""
    head = f"__REALTIME_TIMESTAMP={MOMENT + at * 1000}\n__MONOTONIC_TIMESTAMP={at * 1000}\n_BOOT_ID={boot}\n".encode()
    named: dict[str, Values] = {"MESSAGE": f"message {at}", "_SYSTEMD_UNIT": unit, "PRIORITY": "6", **fields}
    return head + b"".join(_field(name, value) for name, value in named.items()) + b"\n"


def _field(name: str, value: Values) -> bytes:
    values = value if isinstance(value, list) else [value.encode() if isinstance(value, str) else value]
    return b"".join(name.encode() + b"\n" + len(each).to_bytes(8, "little") + each + b"\n" for each in values)


def write_journal(path: Path, entries: Iterable[bytes]) -> None:
    """Make a journal file, or add to one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    remote = program("systemd-journal-remote", "usr/lib/systemd/systemd-journal-remote")
    command = [remote.path, "-o", str(path), "-"]
    done = subprocess.run(
        command, input=b"".join(entries), env=remote.environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def write_rotated(folder: Path, entries: Iterable[bytes]) -> None:
    """Make several files with one sequence-number id: what does not fit into 8 MiB makes journal-remote rotate."""
    folder.mkdir(parents=True, exist_ok=True)
    remote = program("systemd-journal-remote", "usr/lib/systemd/systemd-journal-remote")
    done = subprocess.run(
        [remote.path, "-o", str(folder / "system.journal"), "-"],
        input=b"".join(entries),
        env=remote.environment,
        preexec_fn=_limit_files,
        restore_signals=False,  # SIGXFSZ stays ignored, so that a write that is too far fails
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


FILE_BYTES = 8 * 1024 * 1024


def _limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))


def noise(seed: int, size: int) -> bytes:
    """Bytes that cannot be compressed; the same for the same seed."""
    return random.Random(seed).randbytes(size)


class JournalWriter:
    """A systemd-journal-remote that goes on writing to one file, rotated as by `write_rotated`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        remote = program("systemd-journal-remote", "usr/lib/systemd/systemd-journal-remote")
        self._process = subprocess.Popen(
            [remote.path, "-o", str(path), "-"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=remote.environment,
            preexec_fn=_limit_files,
            restore_signals=False,
            bufsize=0,
        )

    def write(self, *entries: bytes) -> None:
        """Hand entries over; journal-remote writes them at once."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"".join(entries))

    def close(self) -> None:
        """Write out and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def kill(self) -> None:
        """End now."""
        self._process.kill()
        self._process.wait(60)
        if self._process.stdin is not None:
            self._process.stdin.close()


@dataclass(frozen=True)
class ExportedEntry:
    """An entry as a plain reader of the format sees it."""

    fields: tuple[tuple[bytes, bytes], ...]

    def all(self, name: str) -> list[bytes]:
        """The values of a field, in order."""
        return [value for each, value in self.fields if each == name.encode()]

    def one(self, name: str) -> bytes:
        """The value of a field that occurs once."""
        (value,) = self.all(name)
        return value


def read_export(payload: bytes) -> list[ExportedEntry]:
    """Entries of the Journal Export Format, read byte by byte as its description says."""
    entries: list[ExportedEntry] = []
    fields: list[tuple[bytes, bytes]] = []
    at = 0
    while at < len(payload):
        end = payload.index(b"\n", at)
        line = payload[at:end]
        at = end + 1
        if not line:
            entries.append(ExportedEntry(tuple(fields)))
            fields = []
        elif b"=" in line:
            name, value = line.split(b"=", 1)
            fields.append((name, value))
        else:
            length = int.from_bytes(payload[at : at + 8], "little")
            fields.append((line, payload[at + 8 : at + 8 + length]))
            assert payload[at + 8 + length : at + 9 + length] == b"\n"
            at += 9 + length
    assert not fields, "the last entry has no end"
    return entries


def summary(chunks: Iterable[Any]) -> list[tuple[str, int, bytes]]:
    """Source tag, sequence number and message of every entry in some chunks."""
    return [
        (chunk.source["tag"], int(each.one("__SEQNUM")), each.one("MESSAGE"))
        for chunk in chunks
        for each in read_export(chunk.payload)
    ]
