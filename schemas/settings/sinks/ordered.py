"""What sinks have in common that write one record behind the other."""

from typing import Literal, TypeAlias

from schemas.settings.parts import Seconds
from schemas.settings.sinks.consumer import BatchedSink

TextFormat: TypeAlias = Literal["json", "line", "original"]
"""What is written of a record: its document as one line of JSON with its ``id``; ``line``: time, tag, severity and
message; ``original``: the line as the program wrote it."""


class OrderedSink(BatchedSink):
    """A sink that keeps the order of its topics, so that only one batch is under way."""

    requests_in_flight: Literal[1] = 1
    """One, because two batches under way would overtake each other."""

    request_timeout_secs: Seconds = 60.0
    """A batch that takes longer than a quarter of this makes the next ones smaller."""
