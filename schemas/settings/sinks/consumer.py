"""What all sinks have in common: topics, a consumer group, and how records are gathered into requests."""

from typing import Annotated

from pydantic import Field

from schemas.settings.node import MIB
from schemas.settings.parts import Count, Seconds, Section, Size, TopicPattern


class SinkConsumer(Section):
    """A consumer group of its own."""

    topics: Annotated[tuple[TopicPattern, ...], Field(min_length=1, examples=[["logs.app"]])]
    """Topics that this sink reads, all of them complete. Stars stand for any text: logs.ns.* also means topics that
    are made while it runs, and are read from their beginning within seconds."""

    group: Annotated[str, Field(min_length=1)] | None = None
    """Consumer group; by default logferry-sink-<name>. A new group reads its topics from the start."""


class BatchedSink(SinkConsumer):
    """A sink that sends its records in requests."""

    batch_max_bytes: Size = 2 * MIB
    """Largest request. Beyond some MiB a request gets slower, not cheaper, and memory holds three times as much for
    each request under way."""

    batch_max_records: Count = 10_000
    """Most records of a request. With records of ordinary length batch_max_bytes is reached before."""

    batch_max_age_secs: Seconds = 0.5
    """Longest a record waits for its batch to fill. Higher means fewer, larger requests; records arrive later."""

    requests_in_flight: Count = 2
    """Most requests under way at once: one travels while the destination works on the other. While the destination
    refuses or slows down, fewer and smaller ones are sent."""

    request_timeout_secs: Seconds = 60.0
    """Longest wait for an answer; then the batch is sent again."""
