"""What one source's tail does with files that are odd, broken or in the way."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from producers.core.files.checkpoint import Marks
from producers.files.formats import DOCKER
from producers.files.log_file import CompressedLog, LogFile, PlainLog
from producers.files.tail import SourceTail
from producers.produce import FORGET_SECS
from tests.producers.node import LIMITS, SOURCE, Container, Run, assembled, restarted


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


def run(container: Container, marks: Marks | None = None) -> Run:
    return Run(container, Marks() if marks is None else marks, 0.0)


def descriptors(folder: Path) -> int:
    """Those of files in a folder, be they removed."""
    return sum(os.path.realpath(each).startswith(str(folder)) for each in Path("/proc/self/fd").iterdir())


def test_a_line_without_end_is_sent_after_a_while_and_its_rest_when_it_comes(container: Container) -> None:
    first, rest = container.line(10), b"and more\n"
    container.append(first)
    producer = run(container)
    producer.scan()
    assert producer.read() is None
    container.append(b"\n" + container.line(3))
    producer.scan()
    producer.read()
    assert producer.read() is None
    producer.now += LIMITS.unterminated_line_secs
    cut = producer.read()
    assert cut is not None
    assert not cut.payload.endswith(b"\n")
    container.append(rest)
    producer.scan()
    after = producer.read()
    assert after is not None
    assert (after.payload, after.resumed) == (rest, {"inside_line": True, "open_streams": {}})
    producer.close()


def test_a_line_is_never_cut_within_its_header(container: Container) -> None:
    container.append(container.line(1) + b"\n" + b"2026-11-21T01:02:04.000001Z stdout")
    producer = run(container)
    for _ in range(5):
        producer.scan()
        producer.read_all()
        producer.now += 2 * LIMITS.unterminated_line_secs
    assert [chunk.payload[-1:] for chunk in producer.sent] == [b"\n"]
    producer.close()


def test_a_chunk_behind_a_partial_line_tells_what_is_open(container: Container) -> None:
    lines = [
        container.line(150, tag="P"),
        container.line(150, stream="stderr"),
        container.line(150),
        container.line(150),
    ]
    container.append(b"".join(line + b"\n" for line in lines))
    producer = run(container)
    producer.scan()
    producer.read_all()
    time = lines[0][:27].decode()
    assert [chunk.resumed and chunk.resumed["open_streams"] for chunk in producer.sent] == [
        {},
        {"stdout": time},
        {"stdout": time},
        None,
    ]
    producer.close()


def test_the_first_chunk_after_a_restart_tells_what_is_open_even_from_the_file_before(container: Container) -> None:
    opening = container.line(5, tag="P")
    container.append(opening + b"\n")
    container.rotate(reopen=True)
    container.append(container.line(5, stream="stderr") + b"\n")
    producer = run(container)
    producer.settle()
    container.append(container.line(5) + b"\n")
    producer = restarted(producer, producer.checkpoint())
    producer.scan()
    chunk = producer.read()
    assert chunk is not None
    assert chunk.resumed == {"inside_line": False, "open_streams": {"stdout": opening[:27].decode()}}
    producer.close()


def test_an_ended_file_that_is_acknowledged_is_never_sent_again(container: Container) -> None:
    container.append(container.line(5) + b"\n")
    container.rotate(reopen=True)
    container.append(container.line(5) + b"\n")
    producer = run(container)
    producer.settle()
    producer = restarted(producer, producer.checkpoint())
    producer.settle()
    assert producer.sent == []
    producer.close()


def test_an_ended_file_that_is_not_acknowledged_yet_is_not_sent_again_by_the_same_run(container: Container) -> None:
    container.append(container.line(5) + b"\n")
    container.rotate(reopen=True)
    container.append(container.line(5) + b"\n")
    producer = run(container)
    for _ in range(4):
        producer.scan()
        producer.now += 1
        producer.read_all()
    assert [chunk.payload for chunk in producer.sent if chunk.payload] == [life.content for life in container.lives]
    producer.close()


def test_a_rotated_file_that_is_compressed_a_night_later_is_not_sent_again(container: Container) -> None:
    container.append(container.line(5) + b"\n")
    container.rotate(reopen=True)
    container.append(container.line(5) + b"\n")
    producer = run(container)
    producer.settle()
    for _ in range(3):
        producer.now += FORGET_SECS - 10
        producer.scan()
    sent = len(producer.sent)
    container.compress(container.lives[0])
    producer.settle()
    assert len(producer.sent) == sent
    producer.close()


def test_what_is_added_to_a_rotated_file_after_its_end_is_still_read(container: Container) -> None:
    container.append(container.line(5) + b"\n")
    container.rotate(reopen=True)
    container.append(container.line(5) + b"\n")
    producer = run(container)
    producer.settle()
    late = container.line(7) + b"\n"
    with container.lives[0].path.open("ab") as file:
        file.write(late)
    producer.settle()
    added = [chunk for chunk in producer.sent if chunk.payload == late]
    assert [(chunk.offset, chunk.life.incarnation) for chunk in added] == [
        (len(container.lives[0].content), producer.sent[0].life.incarnation)
    ]
    producer.close()


def test_starting_at_the_end_skips_what_is_there_and_nothing_else(container: Container) -> None:
    container.append(container.line(5) + b"\n")
    container.rotate(reopen=True)
    opening = container.line(5, tag="P")
    container.append(opening + b"\n")
    producer = run(container)
    producer.scan(from_end=True)
    container.append(container.line(7) + b"\n")
    producer.settle()
    assert [chunk.payload.count(b"\n") for chunk in producer.sent] == [1]
    assert producer.sent[0].resumed == {"inside_line": False, "open_streams": {"stdout": opening[:27].decode()}}
    producer.close()


def test_a_truncated_file_ends_and_what_is_written_then_is_a_new_one(container: Container) -> None:
    container.append(container.line(50) + b"\n")
    producer = run(container)
    producer.settle()
    fresh = container.line(1) + b"\n"
    container.live.path.write_bytes(fresh)
    producer.settle()
    assert producer.sent[-1].payload == fresh
    assert [chunk.end_reason for chunk in producer.sent if chunk.ended] == ["truncated"]
    assert producer.losses == []
    producer.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not gzip",
        gzip.compress(b"x" * 5000, mtime=0)[:30],
        gzip.compress(b"line\n", mtime=0)[:-4] + b"\x00\x00\x00\x00",
    ],
)
def test_a_broken_compressed_file_is_complained_of_once_and_keeps_no_descriptor(
    container: Container, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (container.folder / "0.log.20261121-000000.gz").write_bytes(content)
    container.append(container.line(5) + b"\n")
    producer = run(container)
    producer.scan()
    before = descriptors(container.folder)
    for _ in range(5):
        producer.scan()
    assert descriptors(container.folder) == before
    assert sum("cannot be read" in record.message for record in caplog.records) <= 1
    producer.close()


def test_a_folder_in_the_place_of_a_log_file_keeps_no_descriptor(container: Container) -> None:
    (container.folder / "7.log").mkdir()
    container.append(container.line(5) + b"\n")
    producer = run(container)
    producer.scan()
    before = descriptors(container.folder)
    for _ in range(5):
        producer.scan()
    assert descriptors(container.folder) == before
    producer.read_all()
    assert len(producer.sent) == 1
    producer.close()


def test_a_removed_pod_is_read_to_its_end_and_then_gone(container: Container) -> None:
    container.append(container.line(5) + b"\n" + container.line(5))
    content = container.live.content
    producer = run(container)
    producer.scan()
    container.live.path.unlink()
    os.rmdir(container.folder)  # noqa: PTH106
    producer.settle()
    assert producer.tail.is_done()
    assert list(assembled(producer.sent).values()) == [content]
    assert [chunk.ended for chunk in producer.sent][-1]


def test_a_compressed_file_is_read_at_any_position(tmp_path: Path) -> None:
    content = bytes(range(256)) * 40
    plain, packed = tmp_path / "a", tmp_path / "a.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    one, other = PlainLog(str(plain)), CompressedLog(str(packed))
    for position in (0, 0, 100, 50, 5000, 4990, 0, 10_239, 10_240, 20_000, 3):
        for size in (0, 1, 300, 20_000):
            assert other.read(position, size) == one.read(position, size) == content[position : position + size]
    logs: list[LogFile] = [one, other]
    assert [each.size() for each in logs] == [len(content), None]
    one.close()
    other.close()


def test_what_cannot_be_read_on_is_given_up_and_the_next_file_comes(container: Container) -> None:
    container.append(container.line(150) + b"\n" + container.line(150) + b"\n")
    container.rotate(reopen=True)
    container.append(container.line(3) + b"\n")
    producer = run(container)
    producer.scan()
    producer.read()
    producer.tail.abandon(OSError("input/output error"))
    (loss,) = producer.tail.files.losses
    assert (loss.start, loss.end) == (len(producer.sent[0].payload), len(container.lives[0].content))
    chunk = producer.read()
    assert chunk is not None
    assert chunk.life.incarnation == container.lives[1].incarnation
    producer.close()


def docker_line(text: str, second: int) -> bytes:
    time = f"2026-11-21T01:02:{second:02}.000000001Z"
    return json.dumps({"log": text + "\n", "stream": "stdout", "time": time}, separators=(",", ":")).encode() + b"\n"


def test_docker_files_that_begin_with_the_same_long_text_are_two(tmp_path: Path) -> None:
    name = f"{'ab' * 32}-json.log"
    live = tmp_path / name
    tail = SourceTail(SOURCE, str(tmp_path), Marks(), replace(LIMITS, chunk_max_bytes=9000), DOCKER)
    sent = []
    for second in range(2):
        if live.exists():
            live.rename(f"{live}.1")
        live.write_bytes(docker_line("x" * 3000, second))
        for now in range(10 * second, 10 * second + 4):
            entries = [path.name for path in tmp_path.iterdir()]
            tail.scan({entry: found for entry in entries if (found := DOCKER.name(entry))}, now, now)
            while (reading := tail.next_chunk(now + 0.9, 0)) is not None:
                sent.append(reading.chunk)
    assert [chunk.payload for chunk in sent if chunk.payload] == [docker_line("x" * 3000, second) for second in (0, 1)]
    assert len({chunk.incarnation for chunk in sent}) == 2
    tail.close()


def test_a_file_that_was_given_up_is_tried_again_when_it_changes_and_not_before(container: Container) -> None:
    container.append(container.line(5) + b"\n")
    producer = run(container)
    producer.scan()
    producer.tail.abandon(OSError("input/output error"))
    (loss,) = producer.tail.files.losses
    producer.tail.files.losses.clear()
    producer.read_all()
    mark = producer.marks.get(loss.incarnation.hex())
    assert mark is not None
    mark.ended = True  # the ledger has it
    producer.settle()
    assert (producer.sent, producer.losses) == ([], [])
    container.append(container.line(5) + b"\n")
    producer.settle()
    assert b"".join(chunk.payload for chunk in producer.sent) == container.live.content
    producer.close()
