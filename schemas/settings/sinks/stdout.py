"""Sink ``stdout``: records on standard output, for a person who looks or a program that reads from a pipe."""

from typing import Literal

from schemas.settings.parts import Seconds
from schemas.settings.sinks.ordered import OrderedSink, TextFormat


class StdoutSink(OrderedSink):
    """Writes each record to standard output, in the order of its topic; its own log goes to standard error."""

    type: Literal["stdout"]
    """The kind of sink."""

    format: TextFormat = "json"
    """json: one document a line, with its id; line: time, tag, severity and message; original: the line as it was
    written. JSON by default, because it is the only one that holds everything."""

    batch_max_age_secs: Seconds = 0.2
    """Longest a record waits for its batch to fill. Short, because somebody may be looking."""
