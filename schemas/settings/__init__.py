"""Settings of all stages: one `logferry.yaml`, overridable by environment, explained to editors by a JSON Schema.

`parse_settings` reads text and environment into frozen models, or raises one `InvalidSettingsError` with every
mistake in it.A new section is a model in one of the files here and a field of `Settings`; nothing else needs to know.
"""

from schemas.settings.explain import InvalidSettingsError
from schemas.settings.inputs import (
    ContainerFilesInput,
    DockerFilesInput,
    FilesInput,
    ForwardInput,
    HttpInput,
    Input,
    JournaldInput,
    SyslogInput,
)
from schemas.settings.kafka import KafkaCluster, KafkaSettings, SchemaRegistry, TopicOverride, TopicsSettings
from schemas.settings.load import json_schema, parse_settings
from schemas.settings.logging import LoggingSettings
from schemas.settings.multiline import LinePatterns, MultilineMode, MultilineRule
from schemas.settings.node import ProducerSettings
from schemas.settings.parsers import ParserDefinition, ParseRule
from schemas.settings.pipeline import MetricsSettings, StreamSettings
from schemas.settings.pods import PodsSettings
from schemas.settings.rules import QuotaRule, Route, SamplingRule, SeverityRule
from schemas.settings.secret import Secret, TextOrSecret, resolve
from schemas.settings.settings import Settings
from schemas.settings.sinks import (
    ElasticsearchSink,
    FileSink,
    HttpSink,
    KafkaSink,
    ObjectStorageSink,
    OtlpSink,
    Sink,
    StdoutSink,
)
from schemas.settings.source import Finding
from schemas.settings.tracing import TracingSettings
from schemas.settings.where import SourceRule, Where

__all__ = [
    "ContainerFilesInput",
    "DockerFilesInput",
    "ElasticsearchSink",
    "FileSink",
    "FilesInput",
    "Finding",
    "ForwardInput",
    "HttpInput",
    "HttpSink",
    "Input",
    "InvalidSettingsError",
    "JournaldInput",
    "KafkaCluster",
    "KafkaSettings",
    "KafkaSink",
    "LinePatterns",
    "LoggingSettings",
    "MetricsSettings",
    "MultilineMode",
    "MultilineRule",
    "ObjectStorageSink",
    "OtlpSink",
    "ParseRule",
    "ParserDefinition",
    "PodsSettings",
    "ProducerSettings",
    "QuotaRule",
    "Route",
    "SamplingRule",
    "SchemaRegistry",
    "Secret",
    "Settings",
    "SeverityRule",
    "Sink",
    "SourceRule",
    "StdoutSink",
    "StreamSettings",
    "SyslogInput",
    "TextOrSecret",
    "TopicOverride",
    "TopicsSettings",
    "TracingSettings",
    "Where",
    "json_schema",
    "parse_settings",
    "resolve",
]
