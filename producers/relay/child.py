"""The program that `logferry relay --exec` wraps: it gets every signal, and its end is passed on exactly.

Signals are blocked before the program starts and taken one by one with ``sigwaitinfo``: none is lost between start and
first wait, and the kernel tells where each came from. The program itself starts with the signal mask that we found.

With a controlling terminal the program stays in our process group, so the terminal's own signals (Ctrl-C, Ctrl-Z,
a changed window) reach it directly, once, and are not forwarded; it can read from the terminal. Without one, as
in a container, it has a group of its own and gets each signal from us: exactly as many as we get.

As process 1 of a container we also reap what the program leaves behind. Should we be killed, the kernel kills the
program as well (PR_SET_PDEATHSIG): whoever kills the wrapper means the program, and two at once must never be.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
"""Exit statuses of the shell, and of env, nohup and timeout, when a program cannot be started (POSIX)."""

SI_KERNEL: Final = 0x80  # asm-generic/siginfo.h: sent by the kernel, here by the terminal driver
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h

_OUR_OWN: Final = frozenset(
    {
        signal.SIGKILL, signal.SIGSTOP,  # nobody can take them
        signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS,
        signal.SIGPIPE, signal.SIGPROF, signal.SIGVTALRM, signal.SIGXCPU, signal.SIGXFSZ,
        signal.SIGTTIN, signal.SIGTTOU,
    }
)  # fmt: skip
"""Signals that are about this process, not about what it wraps."""

TAKEN: Final = frozenset(signal.valid_signals() - _OUR_OWN)
"""Signals that are taken from the kernel: SIGCHLD, and all that are forwarded, real-time signals among them."""


class CannotStart(Exception):  # noqa: N818 - it reads as what happened
    """The program could not be started."""

    def __init__(self, problem: str, exit_status: int) -> None:
        super().__init__(problem)
        self.exit_status = exit_status


class Program:
    """A running program. Make it in the main thread, before any other thread starts: threads inherit the mask."""

    def __init__(self, arguments: Sequence[str], stdout: int | None = None, stderr: int | None = None) -> None:
        """``stdout``, ``stderr``: descriptors for its output; None: ours. Raises CannotStart."""
        self._has_terminal = _has_terminal()
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, TAKEN)
        try:
            self._process = subprocess.Popen(
                arguments,
                stdout=stdout,
                stderr=stderr,
                close_fds=False,  # what was handed to us for it (socket activation) is its own; ours close on exec
                process_group=None if self._has_terminal else 0,
                preexec_fn=_before_program(os.getpid(), self._mask),
            )
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            raise _cannot_start(arguments[0], error) from error

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def wait(self) -> int:
        """Forward signals until the program has ended; its wait status."""
        while True:
            received = signal.sigwaitinfo(TAKEN)
            if received.si_signo == signal.SIGCHLD:
                status = self._reap()
                if status is not None:
                    return status
            elif self._has_terminal and received.si_code == SI_KERNEL:
                if received.si_signo == signal.SIGTSTP:
                    os.kill(os.getpid(), signal.SIGSTOP)
            else:
                self._forward(received.si_signo)

    def _forward(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has changed its user: not ours to signal
            os.kill(self.pid, number)

    def _reap(self) -> int | None:
        """Take all children that have ended, orphans of the container among them; the program's status if it has."""
        program: int | None = None
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self.pid:
                    program = ended[1]
                    self._process.returncode = os.waitstatus_to_exitcode(program)
        return program

    @staticmethod
    def interrupted() -> bool:
        """Whether a signal that ends programs has come since; for the time after the program's end."""
        ending = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}
        return signal.sigtimedwait(ending, 0) is not None


def end_like(status: int) -> NoReturn:
    """End this process as the program ended, by its exit status or by the same signal.

    What is left to do must have been done: nothing else runs any more.
    """
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the program's core is the interesting one
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
        os._exit(128 + number)  # process 1 does not die of signals
    os._exit(os.WEXITSTATUS(status))


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    os.close(terminal)
    return True


def _before_program(parent: int, mask: set[signal.Signals] | set[int]) -> Callable[[], None]:
    """What the child does between fork and exec; prepared before, since little may be done there."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

    def prepare() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # it died between fork and here
                os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return prepare


def _cannot_start(program: str, error: OSError) -> CannotStart:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return CannotStart(
            f"{program}: not found (or the interpreter that its first line names is not there)", NOT_FOUND
        )
    return CannotStart(f"{program}: cannot be executed: {error.strerror}", NOT_EXECUTABLE)
