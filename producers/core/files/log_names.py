"""What the names of log files say: which log they belong to, and in which order they were written.

Everything but the file that is written to now is called rotated here, whoever renamed it: logrotate (``.1``, ``.2.gz``,
``-20261121``), log4j and Python (``.2026-11-21``), lumberjack, which kube-apiserver's audit log uses
(``audit-2026-11-21T01-02-03.004.log``). kubelet's names are in `container_names`.
Sources: logrotate(8), options dateext, dateformat, extension; gopkg.in/natefinch/lumberjack.v2, backupName.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, order=True)
class LogFileName:
    """What a log file's name says; in the order in which the files of one log were written."""

    restart: int
    live: bool
    rotated: str
    """Rises with the time of rotation; empty for the live file."""
    compressed: bool


COMPRESSED_SUFFIXES: Final = (".gz", ".bz2", ".xz")

_COMPRESSED: Final = r"(?P<compressed>\.gz|\.bz2|\.xz)?"
_CLOCK: Final = r"(?:[T_. -]?[0-2]\d(?:[-_.:]?[0-5]\d(?:[-_.:]?[0-5]\d(?:[.,]\d{1,9})?)?)?Z?)?"
_DATE: Final = rf"(?P<date>(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d{_CLOCK})(?:[-.](?P<again>\d{{1,10}}))?"
_DATE_BEFORE_ENDING: Final = re.compile(
    rf"(?P<stem>.+?)[-_.]{_DATE}(?P<ending>(?!\.(?:gz|bz2|xz)$)\.[A-Za-z]\w*?){_COMPRESSED}"
)
_DATE_AT_END: Final = re.compile(rf"(?P<stem>.+?)[-_.]{_DATE}{_COMPRESSED}")
_NUMBER: Final = re.compile(rf"(?P<stem>.+)\.(?P<number>\d{{1,4}}|old){_COMPRESSED}")
_OLDEST: Final = 9999


@dataclass(frozen=True)
class RotatedName:
    """A name that looks as if a log was rotated to it."""

    base: str
    """Name of the log, under which it is written."""
    name: LogFileName
    certain: bool
    """It carries a date or is compressed. A mere number may mean something else, unless the log itself is there."""


def rotated_name(entry: str) -> RotatedName | None:
    """The log that a file name belongs to, if it is a rotated one's; None for any other."""
    for pattern in (_DATE_BEFORE_ENDING, _DATE_AT_END):
        if found := pattern.fullmatch(entry):
            base = found["stem"] + (found.groupdict().get("ending") or "")
            digits = re.sub(r"\D", "", found["date"])
            again = f"-{int(found['again']):010d}" if found["again"] else ""
            return RotatedName(base, _rotated(f"{digits}{again}", found["compressed"]), certain=True)
    if found := _NUMBER.fullmatch(entry):
        age = 1 if found["number"] == "old" else int(found["number"])
        name = _rotated(f"#{_OLDEST - age:04d}", found["compressed"])
        return RotatedName(found["stem"], name, certain=name.compressed)
    for suffix in COMPRESSED_SUFFIXES:
        if entry.endswith(suffix) and len(entry) > len(suffix):
            return RotatedName(entry.removesuffix(suffix), _rotated("~", suffix), certain=True)
    return None


def log_paths(path: str) -> tuple[str, ...]:
    """What the log may be called that a file belongs to: as the file or, if that has a rotated name, as its base."""
    folder, _, entry = path.rpartition("/")
    rotated = rotated_name(entry)
    return (path,) if rotated is None else (path, f"{folder}/{rotated.base}")


def _rotated(key: str, compressed: str | None) -> LogFileName:
    return LogFileName(0, live=False, rotated=key, compressed=compressed is not None)


LIVE: Final = LogFileName(0, live=True, rotated="", compressed=False)


def logs_in(entries: list[str], known: Iterable[str] = ()) -> dict[str, dict[str, LogFileName]]:
    """The logs in a folder: base name -> file name -> what it says. ``known``: logs that were there before.

    A number at the end counts as rotation only where the log itself is there, or was, or a dated or compressed copy of
    it is: ``worker.1`` and ``worker.2`` alone are two logs.
    """
    read = {entry: rotated_name(entry) for entry in entries}
    bases = {entry for entry, found in read.items() if found is None}.union(known)
    bases |= {found.base for found in read.values() if found is not None and found.certain}
    logs: dict[str, dict[str, LogFileName]] = {}
    for entry, found in read.items():
        if found is not None and (found.certain or found.base in bases):
            logs.setdefault(found.base, {})[entry] = found.name
        else:
            logs.setdefault(entry, {})[entry] = LIVE
    return logs
