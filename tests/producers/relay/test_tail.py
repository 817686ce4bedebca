"""Files to standard output: whatever happens to a file, its lines come out whole, once, in order, and soon."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from producers.core.relay.lines import HoldLimits
from producers.relay.tailed_file import FollowLimits, TailedFile
from tests.producers.relay.running import Relay, python, wait_until


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


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


def test_reading_stops_while_nobody_reads_the_output_and_nothing_is_lost(log: Path) -> None:
    content = b"".join(b"line %d\n" % number for number in range(400_000))
    log.write_bytes(content)
    relay = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "relay", str(log)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert relay.stdout is not None
    try:
        wait_until(lambda: position(relay.pid, log) is not None, "the file to be open")
        read_chars = []
        for _ in range(2):
            time.sleep(0.5)  # time in which it could read on; that it does not is what is shown
            read_chars.append(io_read(relay.pid))
        assert read_chars[1] - read_chars[0] < 65536 < len(content)
        memory = int(Path(f"/proc/{relay.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        assert memory < 64 * 1024 * 1024
        found = b""
        while len(found) < len(content):
            found += os.read(relay.stdout.fileno(), 1 << 20)
        assert found == content
    finally:
        relay.kill()
        relay.wait()
        relay.stdout.close()


def test_the_relay_can_be_stopped_while_its_output_blocks(log: Path) -> None:
    log.write_bytes(b"line\n" * 100_000)
    relay = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "relay", str(log), "--drain-secs", "0.5"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        wait_until(lambda: position(relay.pid, log) is not None, "the file to be open")
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(10) == 0
        assert relay.stderr is not None
        assert b"are lost: nobody read the output" in relay.stderr.read()
    finally:
        relay.kill()
        relay.wait()
        for stream in (relay.stdout, relay.stderr):
            assert stream is not None
            stream.close()


def test_a_reader_that_goes_away_ends_the_relay_cleanly_even_without_another_line(log: Path) -> None:
    log.write_bytes(b"line\n")
    relay = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "relay", str(log)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert relay.stdout is not None
    assert relay.stderr is not None
    assert relay.stdout.readline() == b"line\n"
    relay.stdout.close()
    assert relay.wait(10) == 0
    assert relay.stderr.read() == b""
    relay.stderr.close()


def test_words_written_while_the_relay_is_asked_to_stop_still_come_out(log: Path) -> None:
    log.write_bytes(b"first\n")
    with Relay(log) as relay:
        relay.wait_for(b"first\n")
        relay.process.send_signal(signal.SIGTERM)
        append(log, b"last words\n")
        assert relay.end() == 0
        assert relay.output == b"first\nlast words\n"


def test_a_second_signal_ends_the_relay_at_once(log: Path) -> None:
    writer = subprocess.Popen(
        python(f"import time\nwith open({str(log)!r}, 'ab', 0) as f:\n  while True: f.write(b'x\\n'); time.sleep(.01)")
    )
    try:
        with Relay(log, "--drain-secs", "60") as relay:
            relay.wait_for(b"x\n")
            relay.process.send_signal(signal.SIGINT)
            at = len(relay.output)
            wait_until(lambda: len(relay.output) > at + 60, "it to go on")
            assert relay.end(signal.SIGINT) == 130
    finally:
        writer.kill()
        writer.wait()


def test_the_relay_ends_with_a_process(log: Path, tmp_path: Path) -> None:
    log.write_bytes(b"all\n")
    program = subprocess.Popen(python("input()"), stdin=subprocess.PIPE)
    assert program.stdin is not None
    number = tmp_path / "app.pid"
    try:
        with Relay(log, "--exit-with-pid", str(program.pid)) as one, Relay(log, "--exit-with-pid", number) as other:
            one.wait_for(b"all\n")
            other.wait_for(b"all\n")
            number.write_text(f"{program.pid}\n")
            append(log, b"last\n")
            program.stdin.close()
            program.wait()
            assert (one.end(), other.end()) == (0, 0)
            assert (one.output, other.output) == (b"all\nlast\n", b"all\nlast\n")
    finally:
        program.kill()
        program.wait()


def test_the_relay_ends_when_a_file_appears(log: Path, tmp_path: Path) -> None:
    log.write_bytes(b"all\n")
    with Relay(log, "--exit-with-file", tmp_path / "done") as relay:
        relay.wait_for(b"all\n")
        append(log, b"last\n")
        (tmp_path / "done").touch()
        assert relay.end() == 0
        assert relay.output == b"all\nlast\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], b"there is nothing to relay"),
        (["--exec"], b"there is no program"),
        (["--exec", "--exit-with-pid", "1", "--", "true"], b"with --exec the relay ends with its program"),
        (["/dev/null"], b"this is not a regular file"),
        (["a.log", "--exit-with-pid", "4194999"], b"there is no process 4194999"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(arguments: list[str], problem: bytes) -> None:
    with Relay(*arguments) as relay:
        assert relay.end() == 2
        assert problem in relay.errors
        assert b"do: " in relay.errors


def test_an_unreadable_path_is_told_once_and_read_as_soon_as_it_can_be(log: Path) -> None:
    log.mkdir()
    tailed = TailedFile(str(log), FollowLimits(hold=HoldLimits()))
    assert [tailed.look(float(number)).data for number in range(3)] == [b"", b"", b""]
    log.rmdir()
    log.write_bytes(b"now\n")
    assert tailed.look(3.0).data == b"now\n"
    tailed.close()


def open_files(pid: int) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found.add(str(link.readlink()))
        except OSError:
            continue
    return found


def position(pid: int, path: Path) -> str | None:
    return str(path) if str(path) in open_files(pid) else None


def io_read(pid: int) -> int:
    return int(Path(f"/proc/{pid}/io").read_text().split()[1])
