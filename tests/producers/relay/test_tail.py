"""Files to standard output: whatever happens to a file, its lines come out whole, once, in order, and soon."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from producers.relay.tailed_file import FollowLimits, TailedFile
from tests.producers.relay.running import Relay, append, open_files, wait_until


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


def test_what_a_file_holds_and_what_is_added_come_out_unchanged(log: Path) -> None:
    content = bytes(range(256)) * 3 + b"\n\xff\xfe\n\n\x00\n"
    log.write_bytes(content)
    with Relay(log) as relay:
        relay.wait_for(content)
        append(log, b"more\n")
        relay.wait_for(b"more\n")
        assert relay.end(signal.SIGTERM) == 0
        assert relay.output == content + b"more\n"
        assert relay.errors == b""


def test_a_line_comes_out_within_a_quarter_of_a_second(log: Path) -> None:
    log.write_bytes(b"first\n")
    with Relay(log) as relay:
        relay.wait_for(b"first\n")
        delays = []
        for number in range(5):
            began = time.monotonic()
            append(log, b"line %d\n" % number)
            relay.wait_for(b"line %d\n" % number)
            delays.append(time.monotonic() - began)
        assert sorted(delays)[2] < 0.25


def test_from_end_leaves_out_what_was_there_but_not_the_first_line_of_a_later_file(log: Path, tmp_path: Path) -> None:
    log.write_bytes(b"old\n")
    later = tmp_path / "later.log"
    with Relay(log, later, "--from-end") as relay:
        wait_until(lambda: str(log) in open_files(relay.process.pid), "the file to be open")
        append(log, b"new\n")
        relay.wait_for(b"new\n")
        later.write_bytes(b"begin\n")
        relay.wait_for(b"begin\n")
        assert relay.end(signal.SIGTERM) == 0
        assert relay.output == b"new\nbegin\n"


def test_a_file_that_appears_later_in_a_folder_that_appears_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "made" / "later" / "app.log"
    with Relay(log) as relay:
        log.parent.mkdir(parents=True)
        log.write_bytes(b"hello\n")
        relay.wait_for(b"hello\n")


def test_rename_rotation_loses_nothing_though_the_writer_goes_on_in_the_old_file(log: Path) -> None:
    with log.open("ab", 0) as old, Relay(log) as relay:
        old.write(b"one\n")
        relay.wait_for(b"one\n")
        log.rename(log.with_name("app.log.1"))
        old.write(b"two\n")
        log.write_bytes(b"four\n")
        old.write(b"three\n")
        relay.wait_for(b"four\n")
        assert relay.output == b"one\ntwo\nthree\nfour\n"


def test_a_file_rotated_several_times_at_once_comes_out_in_order(log: Path) -> None:
    tailed = TailedFile(str(log), FollowLimits(rotated_quiet_secs=0.5))
    now = 0.0
    for number in range(5):
        append(log, b"%d\n" % number)
        assert tailed.look(now).data == (b"0\n" if number == 0 else b"")
        log.rename(log.with_name(f"app.log.{number}"))
    found = []
    for _ in range(20):
        now += 0.3
        found.append(tailed.look(now).data)
    tailed.close()
    assert b"".join(found) == b"1\n2\n3\n4\n"


def test_copytruncate_is_noticed_and_reading_begins_anew(log: Path) -> None:
    log.write_bytes(b"one\ntwo\n")
    with Relay(log) as relay:
        relay.wait_for(b"two\n")
        os.truncate(log, 0)
        append(log, b"three\n")
        relay.wait_for(b"three\n")
        assert relay.end(signal.SIGTERM) == 0
        assert relay.output == b"one\ntwo\nthree\n"
        assert b"was truncated" in relay.errors


def test_a_file_that_has_grown_beyond_its_old_length_since_it_was_truncated_is_noticed(log: Path) -> None:
    tailed = TailedFile(str(log), FollowLimits())
    log.write_bytes(b"short\nhalf")
    assert tailed.look(0.0).data == b"short\n"
    os.truncate(log, 0)
    append(log, b"a much longer line than before\n")
    found = [tailed.look(0.1) for _ in range(3)]
    tailed.close()
    assert [(each.data, each.ends) for each in found] == [
        (b"half", True), (b"a much longer line than before\n", False), (b"", False),
    ]  # fmt: skip


def test_a_stale_writers_hole_of_zero_bytes_is_passed_over(log: Path) -> None:
    with log.open("wb", 0) as writer, Relay(log) as relay:
        writer.write(b"x" * 200_000 + b"\n")
        relay.wait_for(b"x\n")
        os.truncate(log, 0)
        relay_saw = len(relay.output)
        writer.write(b"behind the hole\n")
        relay.wait_for(b"behind the hole\n")
        assert relay.output[relay_saw:] == b"behind the hole\n"


def test_a_deleted_file_is_read_to_its_end_and_its_successor_from_the_beginning(log: Path) -> None:
    with log.open("ab", 0) as old, Relay(log) as relay:
        old.write(b"one\n")
        relay.wait_for(b"one\n")
        log.unlink()
        old.write(b"two\n")
        relay.wait_for(b"two\n")
        log.write_bytes(b"three\n")
        relay.wait_for(b"three\n")
        assert relay.output == b"one\ntwo\nthree\n"


def test_a_deleted_file_without_successor_is_let_go_after_a_while(log: Path) -> None:
    tailed = TailedFile(str(log), FollowLimits(deleted_quiet_secs=60.0))
    log.write_bytes(b"one\n")
    tailed.look(0.0)
    log.unlink()
    tailed.look(59.0)
    assert tailed._lives
    tailed.look(60.0)
    assert not tailed._lives


def test_a_line_without_end_is_held_until_its_end(log: Path) -> None:
    log.write_bytes(b"whole\nhalf")
    with Relay(log, "--unterminated-line-secs", "60") as relay:
        relay.wait_for(b"whole\n")
        append(log, b" and half\n")
        relay.wait_for(b"half and half\n")


def test_a_line_without_end_is_passed_on_when_it_does_not_grow(log: Path) -> None:
    log.write_bytes(b"password: ")
    with Relay(log, "--unterminated-line-secs", "0.2") as relay:
        relay.wait_for(b"password: ")
        append(log, b"secret\n")
        relay.wait_for(b"secret\n")
        assert relay.output == b"password: secret\n"


def test_a_line_that_ends_with_its_file_does_not_run_into_the_next_files_first(log: Path) -> None:
    log.write_bytes(b"cut off")
    with Relay(log) as relay:
        wait_until(lambda: str(log) in open_files(relay.process.pid), "the file to be open")
        log.rename(log.with_name("app.log.1"))
        log.write_bytes(b"next\n")
        relay.wait_for(b"next\n")
        assert relay.output == b"cut off\nnext\n"


def test_a_last_line_without_end_comes_out_when_the_relay_stops(log: Path) -> None:
    log.write_bytes(b"whole\nunfinished")
    with Relay(log) as relay:
        relay.wait_for(b"whole\n")
        assert relay.end(signal.SIGTERM) == 0
        assert relay.output == b"whole\nunfinished\n"


def test_lines_of_several_files_are_not_mixed_and_can_be_told_apart(tmp_path: Path) -> None:
    logs = [tmp_path / f"{name}.log" for name in "abc"]
    draw = random.Random(1)
    for log in logs:
        log.touch()
    with Relay(*logs, "--prefix", "--unterminated-line-secs", "30") as relay:
        written: dict[Path, bytes] = dict.fromkeys(logs, b"")
        for number in range(300):
            log = draw.choice(logs)
            piece = b"%d" % number + b"-" * draw.randrange(300) + draw.choice([b"\n", b"\n", b""])
            append(log, piece)
            written[log] += piece
        for log in logs:
            append(log, b"end\n")
            written[log] += b"end\n"
        wait_until(lambda: relay.output.count(b"end\n") == 3, "all lines")
        for log in logs:
            prefix = f"{log}: ".encode()
            mine = [line.removeprefix(prefix) for line in relay.output.splitlines(True) if line.startswith(prefix)]
            assert b"".join(mine) == written[log]
