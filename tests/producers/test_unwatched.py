"""Lines, rotations and new files are noticed by inotify, by polling, and where inotify's watches have run out.

No broker listens here: what was read is seen in the metrics.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from inotify_simple import INotify

from producers.produce import NodeProducer
from tests.producers.unheard import unheard_producer


def refuse(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(params=["inotify", "no watches left", "poll"])
def producer(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeProducer]:
    if request.param == "no watches left":
        monkeypatch.setattr(INotify, "add_watch", refuse)
    text = f"""\
producer: {{node: node-1, state_folder: {tmp_path / "state"}, watch: {"poll" if request.param == "poll" else "auto"}}}
inputs: {{logs: {{type: files, path: "{tmp_path}/logs/**/*.log"}}}}
"""
    with unheard_producer(text) as made:
        yield made


def figure(producer: NodeProducer, name: str) -> float:
    return producer.metrics.registry.get_sample_value(f"logferry_producer_{name}") or 0.0


def run_until(producer: NodeProducer, wanted: Callable[[], bool], secs: float = 10.0) -> bool:
    """As the producer's loop does, until it is so or time is up; whether it is so."""
    until = time.monotonic() + secs
    while not wanted() and (now := time.monotonic()) < until:
        producer.files.look(now)
        producer.files.read_round(now)
        producer.files.hear(min(0.1, producer.files.idle_secs(time.monotonic())))
    producer.files.measure()
    return wanted()


def test_whatever_happens_is_noticed(producer: NodeProducer, tmp_path: Path) -> None:
    read = 0

    def all_read() -> bool:
        return figure(producer, "read_bytes_total") == read

    folder = tmp_path / "logs" / "app"
    folder.mkdir(parents=True)
    path = folder / "a.log"
    for what in ("the first line", "more", "a rotated file's successor", "another log"):
        if what.startswith("a rotated"):
            path.rename(folder / "a.log.1")
        if what == "another log":
            path = tmp_path / "logs" / "later" / "b.log"
            path.parent.mkdir()
        with path.open("ab") as log:
            read += log.write(b"%s\n" % what.encode())
        assert run_until(producer, all_read), what
    assert figure(producer, "sources") == 2
    assert run_until(producer, lambda: producer.files._schedule.next_due() == float("inf"), 15.0), "all are at rest"
    assert figure(producer, "backlog_bytes") == 0


def test_growth_is_noticed_where_the_folder_has_not_changed_for_long(producer: NodeProducer, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "a.log"
    path.write_text("one\n")
    os.utime(path.parent, (1_000_000_000, 1_000_000_000))
    assert run_until(producer, lambda: figure(producer, "read_bytes_total") == 4)
    assert run_until(producer, lambda: not any(each._dirty for each in producer.files._inputs))
    run_until(producer, lambda: False, 1.5)  # what the first scan left to be looked at
    with path.open("a") as log:
        log.write("two\n")
    assert run_until(producer, lambda: figure(producer, "read_bytes_total") == 8)


@pytest.mark.parametrize("producer", ["no watches left"], indirect=True)
def test_a_file_that_can_be_watched_again_is_polled_no_more(
    producer: NodeProducer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "a.log"
    path.write_text("one\n")
    assert run_until(producer, lambda: figure(producer, "read_bytes_total") == 4)
    monkeypatch.undo()  # somebody has raised the limit
    with path.open("a") as log:
        log.write("two\n")
    assert run_until(producer, lambda: figure(producer, "read_bytes_total") == 8)
    assert run_until(producer, lambda: producer.files._polling.next_due() == float("inf"))
