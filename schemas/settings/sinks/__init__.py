"""Destinations: one entry under `sinks` is one independent consumer group. One more type is one file and one line."""

from typing import Annotated, TypeAlias

from pydantic import Field

from schemas.settings.sinks.cloudwatch import CloudwatchSink
from schemas.settings.sinks.consumer import BatchedSink, SinkConsumer
from schemas.settings.sinks.elasticsearch import ElasticsearchSink
from schemas.settings.sinks.file import FileSink
from schemas.settings.sinks.google_cloud import GoogleCloudSink
from schemas.settings.sinks.http import HttpSink
from schemas.settings.sinks.kafka import KafkaSink
from schemas.settings.sinks.object_storage import ObjectStorageSink
from schemas.settings.sinks.otlp import OtlpSink
from schemas.settings.sinks.stdout import StdoutSink

__all__ = [
    "BatchedSink",
    "CloudwatchSink",
    "ElasticsearchSink",
    "FileSink",
    "GoogleCloudSink",
    "HttpSink",
    "KafkaSink",
    "ObjectStorageSink",
    "OtlpSink",
    "Sink",
    "SinkConsumer",
    "StdoutSink",
]

Sink: TypeAlias = Annotated[
    CloudwatchSink
    | ElasticsearchSink
    | FileSink
    | GoogleCloudSink
    | HttpSink
    | KafkaSink
    | ObjectStorageSink
    | OtlpSink
    | StdoutSink,
    Field(discriminator="type"),
]
