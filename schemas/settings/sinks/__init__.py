"""Destinations: one entry under `sinks` is one independent consumer group. One more type is one file and one line."""

from typing import Annotated, TypeAlias

from pydantic import Field

from schemas.settings.sinks.consumer import BatchedSink, SinkConsumer
from schemas.settings.sinks.elasticsearch import ElasticsearchSink
from schemas.settings.sinks.object_storage import ObjectStorageSink

__all__ = [
    "BatchedSink",
    "ElasticsearchSink",
    "ObjectStorageSink",
    "Sink",
    "SinkConsumer",
]

Sink: TypeAlias = Annotated[
    ElasticsearchSink | ObjectStorageSink,
    Field(discriminator="type"),
]
