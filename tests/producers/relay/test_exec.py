"""Around a program: whoever looks at the relay sees the program's end, and the program sees every signal."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.producers.relay.running import Relay, python, wait_until, wrapped

COUNTER = """
import os, signal, sys, time
def told(number, frame):
    sys.stdout.write(f'{signal.Signals(number).name}\\n')
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), told)
sys.stdout.write(f'ready {os.getpid()}\\n')
while True: time.sleep(0.05)
"""


def pid_of(relay: Relay) -> int:
    relay.wait_for(b"ready ")
    wait_until(lambda: relay.output.partition(b"ready ")[2].count(b"\n"), "the number")
    return int(relay.output.partition(b"ready ")[2].split()[0])


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("status", [0, 1, 2, 7, 126, 127, 128, 255])
def test_the_exit_status_is_the_programs(status: int) -> None:
    with wrapped(["sh", "-c", f"exit {status}"]) as relay:
        assert (relay.end(), relay.output, relay.errors) == (status, b"", b"")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT", "SIGSEGV", "SIGABRT", "SIGHUP", "SIGRTMIN"])
def test_a_program_that_dies_of_a_signal_makes_the_relay_die_of_the_same(name: str) -> None:
    number = getattr(signal, name)
    with wrapped(["sh", "-c", f"kill -{int(number)} $$"]) as relay:
        assert relay.end() == -number


def test_a_program_that_is_not_there_is_status_127_and_one_that_cannot_be_executed_126(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("text")
    without_interpreter = tmp_path / "script"
    without_interpreter.write_text("#!/no/such/interpreter\n")
    without_interpreter.chmod(0o755)
    no_format = tmp_path / "noformat"
    no_format.write_bytes(b"\x00\x01\x02")
    no_format.chmod(0o755)
    expected = {
        "/no/such/program": (127, b"not found"),
        "no-such-program-in-path": (127, b"not found"),
        str(without_interpreter): (127, b"interpreter"),
        str(plain): (126, b"Permission denied"),
        str(no_format): (126, b"Exec format error"),
        str(tmp_path): (126, b"Permission denied"),
    }
    for program, (status, reason) in expected.items():
        with wrapped([program, "argument"]) as relay:
            assert relay.end() == status
            assert relay.errors.startswith(f"logferry relay: {program}: ".encode())
            assert reason in relay.errors
            assert relay.errors.count(b"\n") == 1


@pytest.mark.parametrize(
    "name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGALRM", "SIGRTMIN"]
)
def test_signals_reach_the_program_once_and_change_nothing_else(name: str) -> None:
    with wrapped([*python(COUNTER), name]) as relay:
        pid_of(relay)
        relay.process.send_signal(getattr(signal, name))
        relay.wait_for(f"{name}\n".encode())
        relay.process.send_signal(getattr(signal, name))
        wait_until(lambda: relay.output.count(name.encode()) == 2, "the second")
        assert relay.process.poll() is None
        assert relay.end(signal.SIGIO) == -signal.SIGIO


def test_a_program_that_ends_well_after_sigterm_is_waited_for() -> None:
    code = """
import signal, sys, time
def stop(number, frame):
    print('stopping'); time.sleep(0.5); print('stopped'); sys.exit(3)
signal.signal(signal.SIGTERM, stop)
print('ready 0')
while True: time.sleep(0.05)
"""
    with wrapped(python(code)) as relay:
        pid_of(relay)
        assert relay.end(signal.SIGTERM) == 3
        assert relay.output.endswith(b"stopping\nstopped\n")


def test_a_program_that_ignores_sigterm_goes_on_and_dies_with_a_killed_relay() -> None:
    ignore = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print('ready', os.getpid())\n"
    with wrapped(python(ignore + "while True: time.sleep(0.1)")) as relay:
        pid = pid_of(relay)
        relay.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)  # time in which it could end; that it does not is what is shown
        assert relay.process.poll() is None
        assert is_alive(pid)
        assert relay.end(signal.SIGKILL) == -signal.SIGKILL
        wait_until(lambda: not is_alive(pid), "the program to die with the relay")


def test_a_signal_right_after_the_start_is_not_lost() -> None:
    for _ in range(5):
        with wrapped(["sleep", "60"]) as relay:
            wait_until(lambda: _child_of(relay.process.pid), "the program")
            assert relay.end(signal.SIGTERM) == -signal.SIGTERM


def test_the_program_starts_with_default_signals_and_an_empty_mask() -> None:
    code = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []), open('/proc/self/status').read())"
    with wrapped(["cat", "/proc/self/status"]) as relay:
        assert relay.end() == 0
        status = dict(line.split(b":\t", 1) for line in bytes(relay.output).splitlines() if b":\t" in line)
        assert (int(status[b"SigBlk"], 16), int(status[b"SigIgn"], 16)) == (0, 0)
    with wrapped(python(code)) as relay:
        assert relay.end() == 0
        assert relay.output.startswith(b"set()")


def test_descriptors_that_were_handed_down_are_still_there() -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    program = python(f"import os; os.write({writing}, b'ok')")
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "relay", "--exec", "--", *program],
        pass_fds=[writing],
    )
    os.close(writing)
    assert process.wait(20) == 0
    assert os.read(reading, 100) == b"ok"
    os.close(reading)


def test_standard_input_and_arguments_are_the_programs() -> None:
    program = ["sh", "-c", 'cat; echo "$@"', "-", "--to", "-- x"]
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "relay", "--exec", "--", *program],
        input=b"in\n", capture_output=True, timeout=20, check=True,
    )  # fmt: skip
    assert done.stdout == b"in\n--to -- x\n"


def test_output_of_any_size_and_bytes_passes_unchanged() -> None:
    code = "import os,sys; data=bytes(range(256))*4096*20; sys.stdout.buffer.write(data+b'no end'); os.write(2, b'err')"
    with wrapped(python(code)) as relay:
        assert relay.end() == 0
        assert relay.output == bytes(range(256)) * 4096 * 20 + b"no end"
        assert relay.errors == b"err"


def test_files_of_the_program_come_out_to_their_last_line(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    code = f"import sys; f = open({str(log)!r}, 'w'); f.write('one\\ntwo\\nlast words'); f.close(); sys.exit(4)"
    with wrapped(python(code), log) as relay:
        assert relay.end() == 4
        assert relay.output == b"one\ntwo\nlast words\n"


def test_lines_of_files_and_of_the_program_are_not_mixed_though_the_reader_is_slow(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    code = f"""
import os
open({str(log)!r}, 'wb').write((b'f' * 300 + b'\\n') * 2000)
for number in range(2000): os.write(1, b'p' * 300 + b'\\n')
"""
    command = [sys.executable, "-m", "deploy.cli", "relay", str(log), "--drain-secs", "60", "--exec", "--"]
    relay = subprocess.Popen([*command, *python(code)], stdout=subprocess.PIPE)
    assert relay.stdout is not None
    output = []
    while block := os.read(relay.stdout.fileno(), 1000):
        output.append(block)
        time.sleep(0.0002)  # slower than its writers, so that the pipe is full
    relay.stdout.close()
    assert relay.wait(20) == 0
    lines = b"".join(output).split(b"\n")
    assert (lines.count(b"f" * 300), lines.count(b"p" * 300), len(lines)) == (2000, 2000, 4001)


def test_a_grandchild_that_lives_on_does_not_hold_up_the_end() -> None:
    with wrapped(["sh", "-c", "sleep 30 & echo $!; exit 5"]) as relay:
        began = time.monotonic()
        assert relay.process.wait(20) == 5
        assert time.monotonic() - began < 5
        os.kill(int(relay.output or b"0") or _late(relay), signal.SIGKILL)


def _late(relay: Relay) -> int:
    wait_until(lambda: relay.output.endswith(b"\n"), "the number of the grandchild")
    return int(relay.output)


def test_ctrl_c_at_a_terminal_reaches_the_program_once_and_the_second_one_too() -> None:
    code = """
import os, signal
taken = {signal.SIGINT, signal.SIGUSR1}
signal.pthread_sigmask(signal.SIG_BLOCK, taken)
print('ready', os.getpid())
while (number := signal.sigwaitinfo(taken).si_signo) == signal.SIGINT: print('SIGINT')
"""
    pid, terminal = pty.fork()
    if pid == 0:
        command = [sys.executable, "-m", "deploy.cli", "relay", "--exec", "--", *python(code)]
        os.execv(command[0], command)
    seen = _read_until(terminal, b"", b"ready ")
    for number in (1, 2):
        os.write(terminal, b"\x03")
        seen = _read_until(terminal, seen, b"SIGINT", number)
        time.sleep(0.2)  # time in which a second one of the same key could come
    os.kill(pid, signal.SIGUSR1)
    with contextlib.suppress(OSError):  # EIO: nobody has the terminal open any more
        while block := os.read(terminal, 4096):
            seen += block
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
    assert seen.count(b"SIGINT") == 2


def test_ctrl_z_stops_both_and_both_go_on() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        command = [sys.executable, "-m", "deploy.cli", "relay", "--exec", "--", *python(COUNTER), "SIGUSR1"]
        os.execv(command[0], command)
    try:
        seen = _read_until(terminal, b"", b"ready ")
        program = int(seen.partition(b"ready ")[2].split()[0])
        os.kill(pid, signal.SIGSTOP)  # an orphaned group ignores Ctrl-Z (POSIX), so a shell's part is played by hand
        os.waitpid(pid, os.WUNTRACED)
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGUSR1)
        _read_until(terminal, seen, b"SIGUSR1")
        assert is_alive(program)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def test_as_process_1_it_reaps_orphans_and_ends_with_128_plus_the_signal() -> None:
    code = """
import os, subprocess, time
child = os.fork()
if child == 0:
    if os.fork() == 0:
        time.sleep(0.2); os._exit(0)  # its parent is gone: it is process 1's now
    os._exit(0)
os.waitpid(child, 0)
time.sleep(0.6)
states = [open(f'/proc/{n}/stat').read().split(') ')[1][0] for n in os.listdir('/proc') if n.isdigit()]
print('zombies', states.count('Z'), 'parent', os.getppid(), flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child",
         sys.executable, "-m", "deploy.cli", "relay", "--exec", "--", *python(code)],
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == (b"zombies 0 parent 1\n", 128 + signal.SIGKILL), done.stderr


def _read_until(terminal: int, seen: bytes, text: bytes, times: int = 1) -> bytes:
    deadline = time.monotonic() + 20
    while seen.count(text) < times or not seen.endswith(b"\n"):
        assert time.monotonic() < deadline, seen
        seen += os.read(terminal, 4096)
    return seen


def _child_of(pid: int) -> bool:
    """Whether the relay's child has become its program."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return any(Path(f"/proc/{child}/comm").read_text() == "sleep\n" for child in children)
