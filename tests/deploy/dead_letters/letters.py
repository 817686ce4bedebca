"""Letters for tests, made from the examples."""

from __future__ import annotations

from typing import Any

from deploy.dead_letters.core.letter import Letter
from schemas.codec import Codec
from tests.schemas.examples import example

CODEC = Codec("dead_letter")


def of_stream(partition: int = 0, number: int = 0, **changes: Any) -> Letter:
    """A letter about a line."""
    return Letter(partition, number, b"5b3c1d9e00aa4f12", {**example("dead_letter"), "redacted": False, **changes})


def of_sink(original: bytes, partition: int = 0, number: int = 0, **changes: Any) -> Letter:
    """A letter about a record that a sink refused."""
    fields = {**example("dead_letter", "minimal"), "stage": "sink/search", "topic": "logs.app", "original": original}
    return Letter(partition, number, b"5b3c1d9e00aa4f12", {**fields, "reason": "rejected_by_destination", **changes})
