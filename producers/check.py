"""What a producer would read with these settings, and why it would not read the rest. Nothing is changed by asking.

The same code looks that would read: inputs find their logs, the checkpoint says how far each has come.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from producers.checkpoint_store import state_on_disk
from producers.files.input import FileInput
from producers.files.layouts import LAYOUTS
from producers.files.watch import Watch
from producers.inputs import file_inputs, network_inputs, started
from producers.node import node_name

if TYPE_CHECKING:
    from producers.files.tail import SourceTail
    from schemas.settings import Settings


@dataclass(frozen=True)
class Readable:
    """A log that would be read."""

    input: str
    path: str
    """Its oldest file that is not read to the end, or its folder."""
    tag: str | None
    """As the settings or the source give it; null: streams derive it."""
    files: int
    """Files of it that are not read to the end."""
    read_bytes: int
    """Acknowledged bytes of these files."""
    backlog_bytes: int
    """Bytes that are not acknowledged, as far as that is known without decompressing."""
    begin: str
    """Where reading would begin: goes on, beginning, end; or read, where nothing is left of it."""


@dataclass(frozen=True)
class Unreadable:
    """Something that would not be read."""

    input: str
    path: str
    reason: str
    needs_attention: bool
    """A person should do something about it."""


@dataclass(frozen=True)
class Listener:
    """An input that listens or follows the journal. Whether its address is free shows when it starts."""

    input: str
    type: str


@dataclass(frozen=True)
class Check:
    """Everything that was found."""

    node: str
    readable: list[Readable]
    unreadable: list[Unreadable]
    listeners: list[Listener]


def check(settings: Settings) -> Check:
    """Look at all inputs. Raises SettingsError where an input cannot be made."""
    node = node_name(settings.producer.node)
    marks, positions = state_on_disk(Path(settings.producer.state_folder))
    before = {name: mark.offset for name, mark in marks.items()}
    watch = Watch(use_inotify=False)
    readable: list[Readable] = []
    unreadable: list[Unreadable] = []
    try:
        for each in file_inputs(settings, node, marks, watch):
            from_end = each.starts_at_end and started(each.name) not in positions
            for _ in each.scan(time.monotonic(), time.time(), from_end=from_end):
                pass
            tails = [tail for tail in each.tails() if tail.files.open or not tail.files.waiting]
            readable += [_readable(each.name, tail, before, from_end=from_end) for tail in tails]
            unreadable += _unreadable(each)
            each.close()
    finally:
        watch.close()
    network_inputs(settings, node)
    types = {name: each.type for name, each in settings.inputs.items() if each.type not in LAYOUTS}
    return Check(node, readable, unreadable, [Listener(name, kind) for name, kind in types.items()])


def _readable(name: str, tail: SourceTail, before: dict[str, int], *, from_end: bool) -> Readable:
    lives = tail.files.open
    known = [each for each in lives if each.incarnation.hex() in before]
    path = lives[0].mark.path if lives else tail.files.folder
    read = sum(before[each.incarnation.hex()] for each in known)
    begin = "read" if not lives else "goes on" if known else "end" if from_end else "beginning"
    return Readable(name, path, tail.source["tag"], len(lives), read, tail.backlog(), begin)


def _unreadable(each: FileInput) -> Iterator[Unreadable]:
    for path, reason in each.strangers():
        yield Unreadable(each.name, path, reason, needs_attention=True)
    for path in each.excluded():
        yield Unreadable(each.name, path, "it is excluded by the settings", needs_attention=False)
    for tail in each.tails():
        for path, reason in tail.files.complaints.items():
            yield Unreadable(each.name, path, reason, needs_attention=True)
        for entry in tail.files.waiting:
            path = f"{tail.files.folder}/{entry}"
            empty = os.path.getsize(path) == 0 if os.path.exists(path) else True  # noqa: PTH110, PTH202
            reason = "it is empty" if empty else "its first line has no end yet"
            yield Unreadable(each.name, path, reason, needs_attention=False)
    for folder, reason in each.closed_folders():
        yield Unreadable(each.name, folder, reason, needs_attention=True)
