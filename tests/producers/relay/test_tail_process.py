"""Files to standard output: the relay as a process, between its reader, its signals and what it waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from producers.core.relay.lines import HoldLimits
from producers.relay.tailed_file import FollowLimits, TailedFile
from tests.producers.relay.running import Relay, append, io_read, position, python, wait_until


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


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
