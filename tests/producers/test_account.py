"""What the ledger is told of files that are sent: how much Kafka has, when, and what waits behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from producers.account import AT_ONCE, BEHIND_BYTES
from producers.chunk import Loss, Source, source_of
from producers.core.files.checkpoint import Mark, Marks, mark_from_text, sealed
from producers.earlier import EARLIER_SECS, Earlier
from producers.files.input import FileInput
from producers.files.layouts import LAYOUTS
from producers.files.watch import Watch
from schemas.settings import ContainerFilesInput
from tests.producers.node import LEDGER_SECS, LIMITS, Container, Run, restarted

HELLO = b"2026-11-21T01:02:03Z stdout F hello\n"


@pytest.fixture
def container(tmp_path: Path) -> Container:
    made = Container(tmp_path)
    made.append(made.line(50) + b"\n")
    return made


@pytest.fixture
def run(container: Container) -> Iterator[Run]:
    made = Run(container, Marks(), 0.0)
    yield made
    made.close()


def read(run: Run) -> None:
    """All that is there, acknowledged."""
    run.scan()
    run.read_all()
    while run.flying:
        run.acknowledge()


def told(run: Run) -> list[tuple[int, int, dict[str, int], bool]]:
    """What it tells now: ranges, outcomes, and whether the file has ended."""
    begun = len(run.told.waiting)
    run.account.tell(run.now)
    new = [entry for entry, _ in run.told.waiting[begun:]]
    return [(each["start"], each["end"], each["outcomes"], each.get("ended", False)) for each in new]


def sent(start: int, end: int, *, ended: bool = False) -> tuple[int, int, dict[str, int], bool]:
    return start, end, {"sent": end - start}, ended


def left(start: int, end: int) -> tuple[int, int, dict[str, int], bool]:
    return start, end, {"left/unread": end - start}, False


# -- when --------------------------------------------------------------------------------------------------------------


def test_a_file_is_told_of_an_interval_after_it_was_written_to_and_not_again_until_it_is(run: Run) -> None:
    first = len(run.container.live.content)
    read(run)
    assert told(run) == []
    run.now += LEDGER_SECS
    assert told(run) == [sent(0, first)]
    run.now += LEDGER_SECS
    assert told(run) == []
    run.container.append(run.container.line(5) + b"\n")
    read(run)
    run.now += LEDGER_SECS
    assert told(run) == [sent(0, len(run.container.live.content))]


def test_an_entry_covers_what_kafka_has_and_nothing_that_is_on_its_way(run: Run) -> None:
    first = len(run.container.live.content)
    read(run)
    run.container.append(run.container.line(5) + b"\n")
    run.scan()
    run.read_all()
    run.now += LEDGER_SECS
    assert told(run) == [sent(0, first)]


def test_the_end_of_a_file_is_told_at_once(run: Run) -> None:
    length = len(run.container.live.content)
    run.container.rotate(reopen=True)
    run.container.append(run.container.line(5) + b"\n")
    run.settle()
    assert told(run)[0] == sent(0, length, ended=True)


def test_nothing_is_told_while_there_is_no_room_and_all_of_it_when_there_is(run: Run) -> None:
    read(run)
    run.now += LEDGER_SECS
    run.told.room = False
    assert told(run) == []
    run.told.room = True
    assert told(run) == [sent(0, len(run.container.live.content))]


def test_nothing_is_told_while_a_stopping_producer_waits_for_quiet_and_all_of_it_at_its_end(run: Run) -> None:
    read(run)
    run.now += LEDGER_SECS
    run.account.paused = True
    assert told(run) == []
    run.account.tell_all()
    assert [entry["end"] for entry, _ in run.told.waiting] == [len(run.container.live.content)]


def test_thousands_of_files_are_told_of_a_few_at_a_time(run: Run) -> None:
    read(run)
    for number in range(AT_ONCE):
        run.marks.add(f"{number:016x}", Mark("s", "/x", 5, 5))
        run.account.moved(f"{number:016x}", run.tail, run.now)
    run.now += LEDGER_SECS
    assert [len(told(run)), len(told(run)), len(told(run))] == [AT_ONCE, 1, 0]


# -- what --------------------------------------------------------------------------------------------------------------


def test_an_entry_says_whose_file_it_is(run: Run) -> None:
    read(run)
    run.account.tell_all()
    (entry, _), life = run.told.waiting[0], run.container.live
    names = ("incarnation", "stage", "source_id", "node", "namespace", "pod", "container", "path")
    assert tuple(entry[name] for name in names) == (
        life.incarnation.hex(), "producer", "00112233445566aa", "node-1", "dev", "shop-0", "app", str(life.path),
    )  # fmt: skip


def test_a_file_that_was_not_read_from_its_beginning_is_told_from_where_it_was_after_a_restart_too(run: Run) -> None:
    begun = len(run.container.live.content)
    run.scan(from_end=True)
    run.container.append(run.container.line(5) + b"\n")
    read(run)
    run.now += LEDGER_SECS
    assert told(run) == [sent(begun, len(run.container.live.content))]
    again = restarted(run, run.checkpoint())
    again.container.append(again.container.line(5) + b"\n")
    read(again)
    again.now += LEDGER_SECS
    assert told(again) == [sent(begun, len(again.container.live.content))]
    again.close()


def test_what_waits_in_later_files_of_a_log_is_told_with_the_one_that_is_read(run: Run) -> None:
    run.container.rotate(reopen=True)
    run.container.append(run.container.line(30) + b"\n")
    first, second = (life.content for life in run.container.lives)
    read(run)
    run.now += LEDGER_SECS
    assert told(run) == [sent(0, len(first)), left(0, len(second))]


def test_a_backlog_in_the_file_that_is_read_is_told_when_it_is_more_than_a_chunk(run: Run) -> None:
    first = len(run.container.live.content)
    read(run)
    run.container.append(run.container.line(BEHIND_BYTES) + b"\n")
    run.now += LEDGER_SECS
    assert told(run) == [sent(0, first), left(first, len(run.container.live.content))]


def test_a_backlog_of_a_moment_is_not_told(run: Run) -> None:
    read(run)
    run.container.append(run.container.line(1000) + b"\n")
    run.now += LEDGER_SECS
    assert len(told(run)) == 1


# -- an earlier run ----------------------------------------------------------------------------------------------------


def test_what_a_killed_producer_did_not_tell_is_told_by_the_next_and_what_it_told_is_not(run: Run) -> None:
    read(run)
    untold = run.checkpoint()
    run.now += LEDGER_SECS
    run.account.tell(run.now)
    run.told.deliver_all()
    second = restarted(run, run.checkpoint())
    assert told(second) == []
    third = restarted(second, untold)
    assert told(third) == [sent(0, len(run.container.live.content))]
    third.close()


def test_a_checkpoint_of_an_earlier_version_is_read_and_its_files_told_from_where_they_stood() -> None:
    values: list[Any] = ["source", "/x.log", 5, 9, False, {}, 1.5, 7, 0, 0, 0, 0, [], []]
    mark = mark_from_text(sealed(values))
    assert mark == Mark("source", "/x.log", 5, 9, seen_at=1.5, inode=7, begun=5, told=5)


@dataclass
class Known:
    """What a reader of one input tells of files by their marks."""

    files: FileInput
    found: list[tuple[str, Loss]]

    def source_at(self, mark: Mark) -> Source | None:
        return self.files.source_at(mark.path)

    def has_files(self, mark: Mark) -> bool:
        return self.files.has_files(mark.path, mark.source_id)

    def report_earlier(self, name: str, loss: Loss) -> None:
        self.found.append((name, loss))


def test_of_a_removed_pod_it_is_known_by_the_path_whose_bytes_were_sent_and_whose_are_lost(tmp_path: Path) -> None:
    pattern = f"{tmp_path}/pods/*/*/*.log"
    given = ContainerFilesInput.model_validate({"type": "container_files", "path": pattern})
    watch = Watch(use_inotify=False)
    layout = LAYOUTS["container_files"](given, "node-1")
    files = FileInput("pods", given, layout, Marks(), LIMITS, watch)
    path = f"{tmp_path}/pods/dev_shop-0_uid-1/app/0.log"
    source = files.source_at(path)
    assert source is not None
    marks = Marks({"00" * 8: Mark(source["id"], path, 10, 36, seen_at=1.0)})
    found: list[tuple[str, Loss]] = []
    run = Run(Container(tmp_path), marks, 0.0)
    run.account._moved.clear()

    known = Known(files, found)
    earlier = Earlier(marks, run.account, known, "node-1")
    for now in (0.0, EARLIER_SECS):
        earlier.look(now, list)
    ((_, loss),) = found
    assert (loss.source["container"]["pod"], loss.start, loss.end, loss.reason) == ("shop-0", 10, 36, "removed")
    run.account.tell(EARLIER_SECS)
    ((entry, _),) = run.told.waiting
    assert (entry["pod"], entry["start"], entry["end"], entry["outcomes"]) == ("shop-0", 0, 10, {"sent": 10})
    run.close()
    files.close()
    watch.close()


def test_of_a_removed_docker_container_no_more_than_the_id_of_its_log_is_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from tests.producers.text_input import TextInput

    run = TextInput(f"{tmp_path}/*/*-json.log", kind="docker_files")
    assert run.input.source_at(f"{tmp_path}/{'ab' * 32}/{'ab' * 32}-json.log") is None
    assert caplog.records == []
    run.close()


def test_a_source_without_a_container_has_no_names(run: Run) -> None:
    run.tail.source = source_of("s", "node-1", "files", "raw")
    read(run)
    run.account.tell_all()
    entry, _ = run.told.waiting[0]
    assert (entry["namespace"], entry["pod"], entry["container"]) == (None, None, None)
