"""`logferry relay --exec -- PROGRAM`: the program, what is relayed beside it, and the program's own end.

Sample: ``ENTRYPOINT ["logferry", "relay", "/logs/app.log", "--exec", "--", "my-app"]``.

Policy. The program starts first; neither Kafka nor a file delays it. Its output is passed through before anything else
happens to it, and untouched (its own descriptors) unless it is shipped as well. Failures of ours are logged to standard
error and never reach the program. When it ends, what it left is drained for a bounded time, and this process ends in
the same way: same status, same signal. Its readiness is its own: nothing here listens or answers.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from producers.relay.child import CannotStart, Program, end_like
from producers.relay.pump import Pump

if TYPE_CHECKING:
    from producers.relay.sender import Sender
    from producers.relay.shipped_output import ShippedOutput

_log = logging.getLogger(__name__)

LAST_SECS = 1.0
"""What Kafka gets at least for the last lines, when passing them through took all the time there was."""


@dataclass(frozen=True)
class Shipping:
    """The program's output also goes to Kafka."""

    sender: Sender
    output: ShippedOutput


@dataclass
class Beside:
    """Something that follows files while the program runs."""

    work: Callable[[threading.Event], None]
    stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread = threading.Thread(target=self._run, name="logferry-relay-files", daemon=True)
        self._thread.start()

    def is_done(self) -> bool:
        """Whether it has ended."""
        return self._thread is None or not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.work(self.stop)
        except Exception:
            _log.exception("files are no longer relayed; the program goes on")


def run_program(
    arguments: Sequence[str], *, shipping: Shipping | None, beside: Beside | None, drain_secs: float
) -> NoReturn:
    """Run a program to its end and end as it does. Call it in the main thread, with no other thread running."""
    try:
        program, pumps, ended = _start(arguments, shipping)
    except CannotStart as error:
        sys.stderr.write(f"logferry relay: {error}\n")
        sys.stderr.flush()
        os._exit(error.exit_status)
    _safely(lambda: _begin(pumps, beside))
    status = program.wait()
    _safely(lambda: _finish(pumps, ended, shipping, beside, time.monotonic() + drain_secs))
    end_like(status)


def _start(arguments: Sequence[str], shipping: Shipping | None) -> tuple[Program, list[Pump], int]:
    """The program, the pumps of its outputs, and a descriptor whose closing tells them that it has ended."""
    if shipping is None:
        return Program(arguments), [], -1
    told, ended = os.pipe()
    (out_read, out_write), (err_read, err_write) = os.pipe(), os.pipe()
    program = Program(arguments, out_write, err_write)
    for each in (out_write, err_write):
        os.close(each)
    take = shipping.output.take
    pumps = [
        Pump(out_read, 1, lambda block: take("stdout", block), told),
        Pump(err_read, 2, lambda block: take("stderr", block), told),
    ]
    return program, pumps, ended


def _begin(pumps: list[Pump], beside: Beside | None) -> None:
    for pump in pumps:
        pump.start()
    if beside is not None:
        beside.start()


def _finish(pumps: list[Pump], ended: int, shipping: Shipping | None, beside: Beside | None, deadline: float) -> None:
    """Drain what the program left, until the deadline or a signal."""
    if beside is not None:
        beside.stop.set()
    if ended >= 0:
        os.close(ended)
    _wait(lambda: not any(pump.is_alive() for pump in pumps), deadline)
    if any(pump.is_alive() for pump in pumps):
        _log.error("the program's last output was not passed through: nobody read it in time")
    if shipping is not None:
        _close(shipping, deadline)
    _wait(lambda: beside is None or beside.is_done(), deadline)


def _close(shipping: Shipping, deadline: float) -> None:
    shipping.output.end()
    closed: list[int] = []
    timeout = max(LAST_SECS, deadline - time.monotonic())
    thread = threading.Thread(target=lambda: closed.append(shipping.sender.close(timeout)), daemon=True)
    thread.start()
    _wait(lambda: not thread.is_alive(), time.monotonic() + timeout + LAST_SECS)
    dropped = shipping.output.dropped_lines
    unsent = closed[0] if closed else shipping.sender.unsent_lines()
    if dropped or unsent:
        _log.error(
            "of the program's output Kafka does not have %d lines (%d dropped, %d unacknowledged); all were passed "
            "through", dropped + unsent, dropped, unsent,
        )  # fmt: skip


def _wait(is_done: Callable[[], bool], deadline: float) -> None:
    while not is_done() and time.monotonic() < deadline and not Program.interrupted():
        time.sleep(0.01)


def _safely(step: Callable[[], None]) -> None:
    """Failures of ours must reach neither the program nor its status."""
    try:
        step()
    except Exception:
        _log.exception("the relay failed; the program goes on without it")
