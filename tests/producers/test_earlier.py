"""What a producer says of files that an earlier one had not finished. No Kafka: time and the ledger are the test's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest

from producers.account import Account
from producers.chunk import Loss, Source
from producers.core.files.checkpoint import Mark, Marks
from producers.core.files.log_names import LogFileName
from producers.earlier import AGAIN_SECS, EARLIER_SECS, Earlier
from producers.files.formats import CRI
from producers.files.input import FileInput
from producers.files.layouts import LAYOUTS
from producers.files.log_file import LogFile, open_log
from producers.files.watch import Watch
from schemas.settings import ContainerFilesInput
from tests.producers.node import LIMITS, Container, Run, Told, restarted
from tests.producers.text_input import WALL, TextInput


@dataclass
class Known:
    """The rest of a producer: its inputs, and where losses go."""

    inputs: list[FileInput]
    losses: list[Loss] = field(default_factory=list)

    def source_at(self, mark: Mark) -> Source | None:
        return next((found for each in self.inputs if (found := each.source_at(mark.path)) is not None), None)

    def has_files(self, mark: Mark) -> bool:
        return any(each.has_files(mark.path, mark.source_id) for each in self.inputs)

    def report_earlier(self, _name: str, loss: Loss) -> None:
        self.losses.append(loss)


def earlier_of(marks: Marks, known: Known) -> Earlier:
    return Earlier(marks, Account(Told(), marks, 30.0), known, "node-1")


# -- logs that nothing leads to ----------------------------------------------------------------------------------------


@dataclass
class Node:
    """``/var/log`` of a node with one container, and an input that follows the links."""

    folder: Path
    marks: Marks = field(default_factory=Marks)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.live = self.folder / "pods" / "dev_shop-0_uid-1" / "app" / "0.log"
        self.live.parent.mkdir(parents=True, exist_ok=True)
        self.link = self.folder / "containers" / f"shop-0_dev_app-{'ab' * 32}.log"
        self.link.parent.mkdir(exist_ok=True)
        given = ContainerFilesInput.model_validate({"type": "container_files", "path": f"{self.link.parent}/*.log"})
        self.watch = Watch(use_inotify=False)
        self.input = FileInput("c", given, LAYOUTS["container_files"](given, "node-1"), self.marks, LIMITS, self.watch)
        self.known = Known([self.input])
        self.earlier = earlier_of(self.marks, self.known)

    def look(self, secs: float) -> None:
        self.now += secs
        self.input.sweep()
        list(self.input.scan(self.now, WALL + self.now))
        self.earlier.look(self.now, self.input.tails)

    def read(self) -> bytes:
        found = b""
        for tail in list(self.input.tails()):
            while (reading := tail.next_chunk(self.now, int((WALL + self.now) * 1e9))) is not None:
                reading.life.acknowledge(reading.chunk.offset)
                found += reading.chunk.payload
        return found

    def close(self) -> None:
        self.input.close()
        self.watch.close()


def line(number: int) -> bytes:
    return b"2026-11-21T01:02:%02dZ stdout F hello\n" % number


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A producer that starts when half of what a container wrote is read, and the links are not made yet."""
    before = Node(tmp_path)
    before.live.write_bytes(line(1))
    before.link.symlink_to(before.live)
    before.look(1.0)
    assert before.read() == line(1)
    before.close()
    before.link.unlink()
    with before.live.open("ab") as file:
        file.write(line(2))
    after = Node(tmp_path, before.marks)
    yield after
    after.close()


def test_a_container_whose_link_is_made_late_is_read_and_nothing_of_it_is_reported(node: Node) -> None:
    node.look(0.1)
    node.look(EARLIER_SECS)
    node.look(AGAIN_SECS)
    assert node.known.losses == []
    node.link.symlink_to(node.live)
    node.look(AGAIN_SECS)
    assert (node.read(), node.known.losses) == (line(2), [])


def test_what_was_rotated_before_the_link_is_made_is_read_too(node: Node) -> None:
    node.live.rename(f"{node.live}.20261121-010203")
    node.live.write_bytes(line(3))
    node.look(0.1)
    node.look(EARLIER_SECS)
    node.link.symlink_to(node.live)
    found = b""
    for _ in range(3):
        node.look(AGAIN_SECS)
        found += node.read()
    assert (found, node.known.losses) == (line(2) + line(3), [])


def test_a_container_whose_folder_goes_before_a_link_is_made_is_lost_then(node: Node) -> None:
    node.look(0.1)
    node.look(EARLIER_SECS)
    node.live.unlink()
    node.live.parent.rmdir()
    node.look(AGAIN_SECS)
    (loss,) = node.known.losses
    assert (loss.start, loss.reason, loss.source["container"]["pod"]) == (len(line(1)), "removed", "shop-0")


# -- up to where -------------------------------------------------------------------------------------------------------


def vanished(run: Run) -> dict[str, Loss]:
    """What the producer that has just started says of the marks it has: incarnation -> loss."""
    known = Known([])
    earlier = earlier_of(run.marks, known)
    run.scan()
    for now in (run.now, run.now + EARLIER_SECS):
        earlier.look(now, lambda: [run.tail])
    return {loss.incarnation.hex(): loss for loss in known.losses}


def test_a_loss_that_a_killed_producer_did_not_tell_ends_where_it_had_read_on(tmp_path: Path) -> None:
    container = Container(tmp_path)
    container.append(container.line(50) + b"\n")
    run = Run(container, Marks(), 0.0)
    run.scan()
    run.read_all()
    run.acknowledge()
    container.append(container.line(50) + b"\n")
    for removed in (0, 1):  # the second producer reads what is there, and is killed before it tells what is not
        run = restarted(run, run.checkpoint())
        container.delete(container.lives[removed])
        container._open(0)
        container.append(container.line(50) + b"\n")
        run.scan()
        run.read_all()
        while run.flying:
            run.acknowledge()
    container.delete(container.lives[2])
    container._open(0)
    container.append(container.line(50) + b"\n")
    run = restarted(run, run.checkpoint())
    losses = vanished(run)
    names = [life.incarnation.hex() for life in container.lives]
    following = {name: loss.next_incarnation.hex() for name, loss in losses.items() if loss.next_incarnation}
    assert following == dict(pairwise(names))
    run.close()


def test_files_of_which_nothing_was_read_do_not_end_a_loss_and_marks_without_an_order_end_it_at_what_is_there(
    tmp_path: Path,
) -> None:
    container = Container(tmp_path)
    container.append(container.line(50) + b"\n")
    for order in (1, 0):
        marks = Marks({
            "0a" * 8: Mark("00112233445566aa", "/gone/0.log.20261121-010203", 5, 9, order=order),
            "0b" * 8: Mark("00112233445566aa", "/gone/0.log", 0, 9, order=2 * order),
        })  # fmt: skip
        run = Run(container, marks, 0.0, form=CRI)
        losses = vanished(run)
        there = container.live.incarnation
        assert [losses[name].next_incarnation for name in ("0a" * 8, "0b" * 8)] == [there, there]
        run.close()


# -- why ---------------------------------------------------------------------------------------------------------------


def of_text(tmp_path: Path, marks: Marks) -> list[Loss]:
    after = TextInput(tmp_path / "*.log", marks=marks)
    known = Known([after.input])
    earlier = earlier_of(marks, known)
    for now in (0.0, EARLIER_SECS):
        earlier.look(now, after.input.tails)
    after.close()
    return known.losses


def test_a_text_file_truncated_while_no_producer_ran_is_lost_as_truncated_and_one_made_anew_as_removed(
    tmp_path: Path,
) -> None:
    cut, anew = tmp_path / "cut.log", tmp_path / "anew.log"
    for path in (cut, anew):
        path.write_text("some line that is read\n")
    before = TextInput(tmp_path / "*.log")
    before.read()
    before.close()
    cut.write_text("another\n")
    (tmp_path / "new").write_text("another\n")
    (tmp_path / "new").replace(anew)
    found = {os.path.basename(loss.path): loss.reason for loss in of_text(tmp_path, before.marks)}  # noqa: PTH119
    assert found == {"cut.log": "truncated", "anew.log": "removed"}


def test_a_file_that_goes_between_a_listing_and_its_opening_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def gone_by_then(path: str, *, compressed: bool) -> LogFile:
        Path(path).unlink()
        return open_log(path, compressed=compressed)

    container = Container(tmp_path)
    container.append(container.line(5) + b"\n")
    run = Run(container, Marks(), 0.0, form=replace(CRI, open=gone_by_then))
    run.tail.scan({"0.log": LogFileName(0, live=True, rotated="", compressed=False)}, 1.0, 1.0)
    assert (list(run.tail.known()), run.tail.files.complaints, caplog.messages) == ([], {}, [])
    run.close()
