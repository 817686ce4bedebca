"""Events of one log stream as PutLogEvents takes them.

Source: API reference, PutLogEvents: at most 10,000 events and 1,048,576 bytes in a request (UTF-8 bytes of the
messages, 26 more for each), in the order of their times, not more than 24 hours from the first to the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sinks.cloudwatch.events import REQUEST_BYTES_AT_MOST, Event

EVENTS_AT_MOST: Final = 10_000
SPAN_MILLISECONDS_AT_MOST: Final = 24 * 3_600_000


@dataclass(frozen=True)
class RequestLimits:
    """Of one request."""

    max_bytes: int = REQUEST_BYTES_AT_MOST
    max_events: int = EVENTS_AT_MOST
    max_span: int = SPAN_MILLISECONDS_AT_MOST
    """Milliseconds from the first event to the last."""


class Line(NamedTuple):
    """One event of a request."""

    event: int
    """Number of the event that it comes from, which has several when it is too long for one."""
    timestamp: int
    message: str


@dataclass
class LogEvents:
    """One request's events, by time; events of the same millisecond keep the order in which they came."""

    lines: list[Line] = field(default_factory=list)
    size: int = 0

    def takes(self, timestamp: int, size: int, limits: RequestLimits) -> bool:
        """Whether one more fits."""
        if not self.lines:
            return True
        return (
            self.size + size <= limits.max_bytes
            and len(self.lines) < limits.max_events
            and timestamp - self.lines[0].timestamp <= limits.max_span
        )


def requests(indices: Sequence[int], events: Sequence[Event], limits: RequestLimits) -> Iterator[LogEvents]:
    """Requests for some of the events, all of one log stream, in the order in which they must be sent."""
    request = LogEvents()
    for index in sorted(indices, key=lambda index: events[index].timestamp):
        event = events[index]
        for message, size in zip(event.messages, event.sizes, strict=True):
            if not request.takes(event.timestamp, size, limits):
                yield request
                request = LogEvents()
            request.lines.append(Line(index, event.timestamp, message))
            request.size += size
    if request.lines:
        yield request
