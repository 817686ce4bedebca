"""copytruncate is seen for what it is whenever a producer looks: while the file is copied, truncated, or has a hole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from producers.chunk import source_of
from producers.core.files.checkpoint import Marks
from producers.ending import note_sizes
from producers.files.formats import text_format
from tests.producers.node import Run, restarted
from tests.producers.program import Program
from tests.producers.test_any_text_file import assembled

SOURCE = source_of("00112233445566bb", "node-1", "files", "raw")
SHARES = [0.0, 0.05, 0.3, 0.7, 1.0]


@pytest.fixture(params=[False, True], ids=["leaves a hole", "appends"])
def program(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Program]:
    made = Program(tmp_path, appends=request.param)
    write(made)
    yield made
    made.close()


@pytest.fixture
def producer(program: Program) -> Run:
    """It has seen the file, and read nothing yet."""
    made = Run(None, Marks(), 0.0, SOURCE, text_format(None), "app.log", folder=str(program.folder))  # type: ignore[arg-type]
    made.scan()
    return made


def write(program: Program, lines: int = 5) -> None:
    for _ in range(lines):
        program.write(program.line(40) + b"\n")


def read(producer: Run, chunks: int) -> None:
    for _ in range(chunks):
        producer.read()
    while producer.flying:
        producer.acknowledge()


def read_on_behind_a_copy(program: Program, producer: Run, lines: int) -> None:
    """Between logrotate's copy and its truncation."""
    read(producer, 5)
    program.copy_and_truncate(truncates=False)
    write(program, lines)
    producer.scan()
    read(producer, 5)


def check_all_is_sent_once(program: Program, *runs: Run) -> None:
    runs[-1].settle()
    assert [loss for each in runs for loss in each.losses] == []
    found = assembled([sent for each in runs for sent in each.sent]).values()
    sent = sorted(bytes(content) for _, content in found if content)
    assert sent == sorted(text.content for text in program.texts if text.content)
    runs[-1].close()


def during_the_next_look(producer: Run, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have something happen between the look at what is open and that at the folder's files."""
    look = producer.tail.files._look_at_all

    def look_at_all(*given: object) -> object:
        act()
        return look(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(producer.tail.files, "_look_at_all", look_at_all)
        producer.scan()


def test_a_file_that_waits_for_its_turn_may_be_truncated_and_as_long_again_at_once(
    program: Program, producer: Run
) -> None:
    read(producer, 5)
    for lines in (5, 20):
        program.copy_and_truncate()
        write(program, lines)
        producer.scan()
    check_all_is_sent_once(program, producer)


def test_what_follows_a_truncation_tells_nothing_of_how_long_the_file_was(program: Program, producer: Run) -> None:
    read(producer, 5)
    program.copy_and_truncate()
    write(program, 20)
    note_sizes([producer.tail], producer.marks)
    check_all_is_sent_once(program, producer)


def test_nor_does_it_where_a_look_comes_between(
    program: Program, producer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act() -> None:
        program.copy_and_truncate()
        write(program, 20)

    read(producer, 5)
    during_the_next_look(producer, monkeypatch, act)
    check_all_is_sent_once(program, producer)


@pytest.mark.parametrize("chunks", [0, 1, 5])
def test_a_file_may_be_truncated_just_before_its_copy_is_looked_at(
    program: Program, producer: Run, chunks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def truncate() -> None:
        program.truncate()
        write(program)

    read(producer, chunks)
    program.copy_and_truncate(truncates=False)
    during_the_next_look(producer, monkeypatch, truncate)
    check_all_is_sent_once(program, producer)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("chunks", [0, 1, 5])
def test_a_copy_may_be_half_done_when_it_is_met(program: Program, producer: Run, share: float, chunks: int) -> None:
    def look_and_read() -> None:
        producer.scan()
        producer.read_all()

    read(producer, chunks)
    program.copy_and_truncate(share=share, meanwhile=look_and_read)
    write(program, 20)
    producer.scan()
    check_all_is_sent_once(program, producer)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("chunks", [0, 1, 5])
def test_a_producer_may_start_while_a_copy_is_half_done(
    program: Program, producer: Run, share: float, chunks: int
) -> None:
    read(producer, chunks)
    runs = [producer, restarted(producer, producer.checkpoint())]

    def look_and_read() -> None:
        runs[-1].scan()
        runs[-1].read_all()

    program.copy_and_truncate(share=share, meanwhile=look_and_read)
    write(program, 20)
    runs[-1].scan()
    check_all_is_sent_once(program, *runs)


def test_a_file_may_be_copied_and_truncated_twice_while_no_producer_runs(program: Program, producer: Run) -> None:
    read(producer, 1)
    after = restarted(producer, producer.checkpoint())
    for lines in (5, 20):
        program.copy_and_truncate()
        write(program, lines)
    check_all_is_sent_once(program, producer, after)


@pytest.mark.parametrize("restarts", [False, True])
def test_what_was_written_between_the_copying_and_the_truncation_is_lost_and_nothing_else(
    program: Program, producer: Run, restarts: bool
) -> None:
    read(producer, 1)
    copied = program.live.stat().st_size
    program.copy_and_truncate(truncates=False)
    program.write(program.line(10) + b"\n")
    size = program.live.stat().st_size
    producer.scan()
    program.text.content = program.text.content[:copied]
    program.truncate()
    write(program, 20)
    runs = [producer]
    if restarts:
        producer.scan()
        runs.append(restarted(producer, producer.checkpoint()))
    runs[-1].settle()
    (loss,) = runs[-1].losses
    assert (loss.start, loss.end, loss.reason) == (copied, size, "truncated")
    runs[-1].losses.clear()
    check_all_is_sent_once(program, *runs)


@pytest.mark.parametrize("look", range(8))
def test_a_file_that_one_look_misses_while_names_are_moved_is_not_another(
    program: Program, producer: Run, look: int
) -> None:
    read(producer, 5)
    program.rename(reopen=True)
    write(program)
    for number in range(8):
        producer.scan(missed="app.log.1" if number == look else "")
        read(producer, 5)
    check_all_is_sent_once(program, producer)


def test_lines_that_end_alike_and_are_as_long_are_another_text(program: Program, producer: Run) -> None:
    for begin in (b"one", b"two", b"six"):
        program.copy_and_truncate()
        program.write(begin + b"x" * 100 + b"\n")
        producer.settle()
    check_all_is_sent_once(program, producer)


@pytest.mark.parametrize(
    ("then", "lines"), [("goes on", 2), ("goes on", 12), ("starts again", 2), ("starts again after the truncation", 2)]
)
@pytest.mark.parametrize("compresses", [False, True])
def test_what_is_written_and_read_behind_the_copy_is_not_missed_in_it(
    program: Program, producer: Run, then: str, lines: int, compresses: bool
) -> None:
    runs = [producer]
    read_on_behind_a_copy(program, producer, lines)
    if then == "starts again":
        runs.append(restarted(producer, producer.checkpoint()))
    program.truncate()
    copied = program.texts[-2]
    copied.path = program.folder / "app.log.1"
    if compresses:
        program.compress(copied)
    write(program, 20)
    if then == "starts again after the truncation":
        runs.append(restarted(producer, producer.checkpoint()))
    runs[-1].settle()
    runs.append(restarted(runs[-1], runs[-1].checkpoint()))
    if not compresses:
        program.compress(copied)
    check_all_is_sent_once(program, *runs)


def test_a_short_text_behind_such_a_copy_does_not_wait_for_kafka(program: Program, producer: Run) -> None:
    read_on_behind_a_copy(program, producer, 2)
    program.truncate()
    program.write(b"short\n")
    program.rename(reopen=False)
    check_all_is_sent_once(program, producer)


def test_a_copy_that_another_run_began_to_look_for_is_read_once(program: Program, producer: Run) -> None:
    program.copy_and_truncate()
    producer.read()
    write(program)  # or the copy might be added to
    again = restarted(producer, producer.checkpoint())
    again.settle()
    check_all_is_sent_once(program, again)


def test_a_rotated_file_is_known_compressed_though_its_producer_stood_still_for_half_a_day(
    program: Program, producer: Run
) -> None:
    program.rename(reopen=True)
    write(program)
    producer.scan()
    program.compress(program.texts[0])
    read(producer, 5)
    producer.now += 12 * 3600
    read(producer, 1)
    check_all_is_sent_once(program, producer)
