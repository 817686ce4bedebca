"""The destination ``stdout``: a batch, one write."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from confluent_kafka import Message

from schemas.errors import FatalError
from schemas.settings import StdoutSink
from sinks.destination import Built, Destination
from sinks.lines import Line, LineBuilder, in_order
from sinks.verdict import Done, Retry, Verdict

if TYPE_CHECKING:
    from schemas.settings import Settings


class StdoutDestination(Destination[Line]):
    """Standard output of this process, or another open file."""

    def __init__(self, name: str, settings: Settings, descriptor: int | None = None) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, StdoutSink)
        self._builder = LineBuilder(sink.format, lambda topic: settings.format_of(topic) == "json")
        self._out = sys.stdout.fileno() if descriptor is None else descriptor
        self._begun = b""
        """What is left of a batch whose beginning was taken."""

    def build(self, records: Sequence[Message]) -> Built[Line]:
        """As Destination says."""
        return in_order(self._builder.build(records))

    def send(self, pieces: Sequence[Line]) -> list[Verdict]:
        """Write them all. Raises FatalError when nobody reads any more."""
        left = memoryview(self._begun or b"".join([each.data for each in pieces]))
        try:
            while left:
                left = left[os.write(self._out, left) :]
        except BrokenPipeError:
            raise FatalError(
                "whoever read standard output has gone; what did not fit into the pipe any more is not committed",
                remedy="start it again together with its reader",
            ) from None
        except OSError as error:  # it was given a full disk, or does not wait for its reader
            self._begun = bytes(left)
            return [Retry(f"standard output: {error.strerror}")] * len(pieces)
        self._begun = b""
        return [Done.DELIVERED] * len(pieces)
