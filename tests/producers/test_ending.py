"""What a producer that ends must know of its files. No broker listens here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.core.files.checkpoint import Marks
from producers.ending import awaits_its_end, left_unread, note_sizes, removed_bytes
from tests.producers.node import SCAN_SECS, Container, Run


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    container = Container(tmp_path)
    container.append(container.line(50) + b"\n")
    made = Run(container, Marks(), 0.0)
    yield made
    made.close()


def left(run: Run) -> list[tuple[bytes, int, int]]:
    return [(each.incarnation, each.start, each.end) for each in left_unread([run.tail])]


def test_nothing_is_left_of_what_was_read(run: Run) -> None:
    run.scan()
    run.read_all()
    assert left(run) == []
    assert not awaits_its_end(run.tail)


def test_what_was_written_after_the_last_read_is_left(run: Run) -> None:
    run.scan()
    run.read_all()
    begin = len(run.container.live.content)
    run.container.append(run.container.line(70) + b"\n")
    assert left(run) == [(run.container.live.incarnation, begin, len(run.container.live.content))]


def test_files_that_wait_for_their_turn_are_left_compressed_ones_with_an_unknown_length(run: Run) -> None:
    first = run.container.live
    run.container.rotate(reopen=True)
    run.container.append(run.container.line(10) + b"\n")
    run.container.compress(first)
    run.scan()
    assert awaits_its_end(run.tail)
    assert left(run) == [
        (first.incarnation, 0, 0),
        (run.container.live.incarnation, 0, len(run.container.live.content)),
    ]


def test_of_a_truncated_file_what_is_known_to_have_followed_is_left(run: Run) -> None:
    run.scan()
    run.read_all()
    begin = len(run.container.live.content)
    run.container.append(run.container.line(70) + b"\n")
    run.scan()
    os.truncate(run.container.live.path, 0)
    run.scan()
    assert left(run) == [(run.container.live.incarnation, begin, len(run.container.live.content))]


def test_a_removed_file_awaits_its_end_until_the_grace_is_over(run: Run) -> None:
    run.scan()
    run.read_all()
    run.container.delete(run.container.live)
    run.scan()
    assert awaits_its_end(run.tail)
    run.now += run.form.grace_secs
    run.read_all()
    run.now += SCAN_SECS
    assert run.sent[-1].ended
    assert run.read() is None
    assert not awaits_its_end(run.tail)


def test_a_line_without_end_is_waited_for(run: Run) -> None:
    run.container.append(run.container.line(10))
    run.scan()
    run.read_all()
    assert awaits_its_end(run.tail)
    run.container.append(b"\n")
    run.read_all()
    assert run.read() is None
    assert not awaits_its_end(run.tail)


def test_removed_files_count_for_as_long_as_they_are_held_open(run: Run) -> None:
    run.scan()
    assert removed_bytes([run.tail]) == 0
    run.container.delete(run.container.live)
    run.scan()
    assert removed_bytes([run.tail]) == len(run.container.live.content)
    run.settle()
    assert removed_bytes([run.tail]) == 0


def test_the_checkpoint_knows_how_long_files_are_before_kafka_has_anything_of_them(run: Run) -> None:
    run.scan()
    run.container.append(run.container.line(700) + b"\n")
    run.marks.changed.clear()
    note_sizes([run.tail], run.marks)
    name = run.container.live.incarnation.hex()
    mark = run.marks.get(name)
    assert mark is not None
    assert (mark.offset, mark.size) == (0, len(run.container.live.content))
    assert run.marks.changed == {name}


def test_a_file_that_has_not_grown_costs_no_write(run: Run) -> None:
    run.scan()
    run.read_all()
    while run.flying:
        run.acknowledge()
    run.marks.changed.clear()
    note_sizes([run.tail], run.marks)
    assert run.marks.changed == set()
