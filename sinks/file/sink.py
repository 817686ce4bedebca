"""The destination ``file``: a batch is in its files, and written down as such, as a whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import signal
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

from confluent_kafka import Message

from schemas.errors import SettingsError, TemporaryError
from schemas.settings import FileSink
from sinks.consumer import Partition, offset_of, partition_of
from sinks.destination import Built, Destination
from sinks.file.files import Files, cut
from sinks.file.state import FileEnd, State, Written, read_state, save
from sinks.file.template import PathTemplate
from sinks.file.topic_ids import TopicIds
from sinks.lines import LineBuilder, in_order
from sinks.verdict import Done, Retry, Verdict

if TYPE_CHECKING:
    from schemas.settings import Settings

_REMEDIES: Final = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "raise the quota, or remove files",
    errno.EFBIG: "set rotate_max_bytes below the largest size that a file may have",
    errno.EACCES: "let this process's user write there",
    errno.EPERM: "let this process's user write there",
    errno.EROFS: "mount the disk for writing",
    errno.ENOENT: "make the folder, or correct path and state_file",
    errno.ENOTDIR: "correct path and state_file: a part of it is a file, no folder",
    errno.EEXIST: "correct path and state_file: a part of it is a file, no folder",
    errno.EISDIR: "correct path: a folder has this name",
}


class Entry(NamedTuple):
    """A record's line, where it goes, and where it comes from."""

    path: str
    data: bytes
    partition: Partition
    offset: int
    time_ms: int


class FileDestination(Destination[Entry]):
    """The files of one sink."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, FileSink)
        self._settings = sink
        self._template = PathTemplate(sink.path)
        self._builder = LineBuilder(
            sink.format, lambda topic: settings.format_of(topic) == "json", with_fields=self._template.needs_record
        )
        self._state_file = Path(sink.state_file or f"{self._template.folder}/.logferry-{name}.json")
        self._files = Files(sink)
        self._topic_ids = TopicIds(settings.kafka)
        self._state = State()
        self._is_clean = False
        """Every file is exactly as long as the state says."""
        self._lock: TextIO | None = None
        self._reopen = threading.Event()

    def prepare(self) -> None:
        """Take possession of the files and cut off what a crash has left behind the last batch."""
        try:
            self._state_file.parent.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            text = self._state_file.read_text("utf-8") if self._state_file.exists() else State().text()
            self._state = read_state(text)
            self._clean()
        except OSError as error:
            where, remedy = error.filename or str(self._state_file), _REMEDIES.get(error.errno or 0, "look at the disk")
            raise TemporaryError(
                f"{error.strerror}: {where}", delay=1.0, where="path and state_file of the sink", remedy=remedy
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            self.close()
            raise SettingsError(
                f"{self._state_file} is no state file of this sink: {error}",
                where="state_file of the sink",
                remedy="name another file; or remove it, and the last second before a crash may be there twice",
            ) from error
        ids = {topic: self._topic_ids.of(topic) for topic, _ in self._state.partitions}
        same = {key: each for key, each in self._state.partitions.items() if each.topic_id == ids[key[0]]}
        self._state = State(self._state.files, same)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGHUP, lambda *_: self._reopen.set())

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        file = self._state_file.with_name(self._state_file.name + ".lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise TemporaryError(
                "another process writes these files",
                delay=1.0,
                where=str(self._state_file),
                remedy="end it, or give each its own path and state_file",
            ) from None
        self._lock = file

    def build(self, records: Sequence[Message]) -> Built[Entry]:
        """As Destination says."""
        lines = in_order(self._builder.build(records))
        entries = []
        for record, line in zip(lines.records, lines.pieces, strict=True):
            partition = partition_of(record)
            path = self._template.path(line.fields, partition[0])
            entries.append(Entry(path, line.data, partition, offset_of(record), record.timestamp()[1]))
        return Built(lines.records, entries, lines.sizes, lines.rejected)

    def send(self, pieces: Sequence[Entry]) -> list[Verdict]:
        """All of them, or none: what was written of a batch that failed is cut off."""
        try:
            if self._reopen.is_set():
                self._reopen.clear()
                self._files.close()
            self._clean()
            self._is_clean = False
            verdicts = self._write(pieces)
            self._is_clean = True
        except OSError as error:
            cause = errno.errorcode.get(error.errno or 0, "OSError")
            what = _REMEDIES.get(error.errno or 0, "look at the disk")
            return [Retry(cause, remedy=f"{error.filename or 'a file'}: {error.strerror}: {what}")] * len(pieces)
        except TemporaryError as error:
            return [Retry(error.problem, remedy=error.remedy)] * len(pieces)
        return verdicts

    def _clean(self) -> None:
        """After a crash, or a batch that failed: files as they were behind the last batch. Raises OSError."""
        if not self._is_clean:
            self._files.close()
            cut(self._state.files)
            self._is_clean = True

    def _write(self, pieces: Sequence[Entry]) -> list[Verdict]:
        partitions = dict(self._state.partitions)
        verdicts: list[Verdict] = []
        texts: dict[str, list[bytes]] = {}
        for each in pieces:
            written = partitions.get(each.partition) or Written(self._topic_ids.of(each.partition[0]), 0, -1)
            if written.has(each.offset, each.time_ms):
                verdicts.append(Done.ALREADY_THERE)
                continue
            partitions[each.partition] = written.with_record(each.offset, each.time_ms)
            texts.setdefault(each.path, []).append(each.data)
            verdicts.append(Done.DELIVERED)
        ends = self._begin(texts)
        for path, lines in texts.items():
            ends[path] = self._files.append(path, b"".join(lines), ends[path])
        self._save(State(self._kept(ends), partitions))
        return verdicts

    def _begin(self, paths: Iterable[str]) -> dict[str, FileEnd]:
        """Where the files end; it is written down before anything is written behind it."""
        now = time.time()
        known = self._state.files
        ends = {path: self._files.end(path, known.get(path), now) for path in paths}
        if any(known.get(path) != end for path, end in ends.items()):
            self._save(State({**self._kept(known), **ends}, self._state.partitions))
        return ends

    def _kept(self, ends: dict[str, FileEnd]) -> dict[str, FileEnd]:
        """Of those that are closed nothing has to be known any more: they are as they are."""
        return {**{path: end for path, end in self._state.files.items() if path in self._files.paths}, **ends}

    def _save(self, state: State) -> None:
        save(self._state_file, state, fsync=self._settings.fsync)
        self._state = state

    def close(self) -> None:
        """As Destination says."""
        self._files.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None
