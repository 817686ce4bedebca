"""`logferry relay FILE…`: the lines of files to standard output, where the node's agent picks them up.

Sample: an application that writes ``/logs/app.log`` into an emptyDir, beside it a container
``logferry relay /logs/app.log``.

Delivery: every byte once for each start, whole lines, in order for each file. Bytes pass unchanged; a line end is added
only where a file ends inside a line, and before another file speaks while a line is unfinished. Nothing is remembered
between starts: ``--from-end`` begins behind what is there, else at the beginning.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from producers.relay.line_output import LineOutput
from producers.relay.tailed_file import FollowLimits, Lines, TailedFile

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TailLimits:
    """When the relay looks, and how it ends."""

    poll_interval_secs: float = 0.1
    """How often files at rest are looked at. A line leaves at most so much later, on any file system; ten files cost
    about two thousandths of a core."""
    quiet_secs: float = 0.3
    """When asked to stop, the relay ends as soon as no file has grown for so long: a program that is stopped at the
    same time still writes its last words."""
    drain_secs: float = 5.0
    """Longest that it goes on after it was asked to stop. Less than the 30 seconds that Kubernetes grants."""
    follow: FollowLimits = field(default_factory=FollowLimits)


class TailLines:
    """Follows files and writes their lines to one descriptor."""

    def __init__(
        self,
        paths: Sequence[str],
        descriptor: int,
        limits: TailLimits,
        wait: Callable[[float], bool],
        *,
        from_end: bool = False,
        prefix: bool = False,
    ) -> None:
        self._files = [TailedFile(path, limits.follow, from_end=from_end) for path in paths]
        self._prefixes = [f"{path}: ".encode(errors="surrogateescape") if prefix else b"" for path in paths]
        self._limits = limits
        self._wait = wait
        """Sleeps up to so many seconds; returns whether the relay was asked to stop."""
        self._output = LineOutput(descriptor, self._may_go_on)
        self._deadline: float | None = None
        """When to end at the latest; None: not asked to."""
        self._moved_at = 0.0

    def run(self) -> None:
        """Work until asked to stop, or until nobody reads the output any more."""
        try:
            while not self._is_done(time.monotonic()):
                moved = self._round()
                self._sleep(0.0 if moved else self._limits.poll_interval_secs)
                if self._output.is_gone():
                    raise BrokenPipeError
            for number in range(len(self._files)):
                self._say(number, Lines(self._files[number].rest(), ends=True))
        except BrokenPipeError:
            _log.info("nobody reads the output any more")
        finally:
            for file in self._files:
                file.close()

    def _round(self) -> bool:
        """One look at each file; whether there was anything to read."""
        now, any_moved = time.monotonic(), False
        for number, file in enumerate(self._files):
            found = file.look(now)
            self._say(number, found)
            any_moved = any_moved or found.moved
        if any_moved:
            self._moved_at = now
        return any_moved

    def _say(self, number: int, found: Lines) -> None:
        if (found.data or found.ends) and not self._output.write(
            number, found.data, self._prefixes[number], ends=found.ends
        ):
            _log.error("lines of %s are lost: nobody read the output", self._files[number].path)

    def _sleep(self, secs: float) -> None:
        if self._wait(secs) and self._deadline is None:
            now = time.monotonic()
            self._deadline, self._moved_at = now + self._limits.drain_secs, now

    def _may_go_on(self) -> bool:
        self._sleep(0.0)
        return self._deadline is None or time.monotonic() < self._deadline

    def _is_done(self, now: float) -> bool:
        if self._deadline is None:
            return False
        quiet = now - self._moved_at >= self._limits.quiet_secs and not any(file.waits() for file in self._files)
        return quiet or now >= self._deadline
