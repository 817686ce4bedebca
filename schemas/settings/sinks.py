"""Destinations: one entry under `sinks` is one independent consumer group."""

import re
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from schemas.settings.node import MIB
from schemas.settings.parts import (
    NUMBER,
    SIZE,
    AbsolutePath,
    Count,
    HttpUrl,
    Problem,
    ProblemsError,
    Seconds,
    Section,
    Size,
    TopicPattern,
    mistake,
    url_with,
)
from schemas.settings.secret import Secret, TextOrSecret, references_only

# What Elasticsearch takes in one request by default (http.max_content_length).
REQUEST_BYTES_AT_MOST = 100 * MIB


class _Consumer(Section):
    topics: Annotated[tuple[TopicPattern, ...], Field(min_length=1, examples=[["logs.app"]])]
    """Topics that this sink reads, all of them complete. Stars stand for any text: logs.ns.* also means topics that
    are made while it runs, and are read from their beginning within seconds."""

    group: Annotated[str, Field(min_length=1)] | None = None
    """Consumer group; by default logferry-sink-<name>. A new group reads its topics from the start."""


def _index_name(name: str) -> str:
    directives = set(re.findall(r"%(.?)", name))
    if directives - set("YmdGVuy"):
        raise mistake(
            f"{name!r} uses more than year, month, week and day",
            "use %Y, %m, %d, or %G and %V for weeks: a record's index follows from its day alone",
        )
    plain = re.sub(r"%.", "0", name)
    if (
        plain != plain.lower()
        or re.search(r'[\\/*?"<>|,#: ]', plain)
        or re.match(r"[-_+]", plain)
        or plain in {"", ".", ".."}
    ):
        raise mistake(
            f"{name!r} cannot name an index in Elasticsearch",
            'lower case only, no spaces and none of \\/*?"<>|,#:, not beginning with - _ or +: logstash-%Y.%m.%d',
        )
    return name


class ElasticsearchSink(_Consumer):
    """Indexes each record once, under its record id."""

    type: Literal["elasticsearch"]
    """The kind of sink."""

    hosts: Annotated[tuple[HttpUrl, ...], Field(min_length=1)] = ("http://localhost:9200",)
    """Addresses of the cluster; requests go to them in turn."""

    index: Annotated[str, AfterValidator(_index_name)] = "logstash-%Y.%m.%d"
    """Target index: strftime of the record's day, UTC. Daily indices of this name are what dashboards made for fluentd
    and Fluent Bit look for. It follows from the record alone, so a repeated record meets itself."""

    batch_max_bytes: Annotated[int, Field(ge=1, le=REQUEST_BYTES_AT_MOST), SIZE] = 4 * MIB
    """Largest bulk request. Beyond some MiB a request gets slower, not cheaper."""

    batch_max_age_secs: Seconds = 1.0
    """Longest a record waits for its batch to fill. Higher means fewer, larger requests; documents become searchable
    later."""

    requests_in_flight: Count = 2
    """Bulk requests under way at once: one travels while the cluster works on the other."""

    request_timeout_secs: Seconds = 60.0
    """Longest wait for an answer; then the batch is sent again, which its ids make harmless."""

    api_key: Secret | None = None
    """API key in its encoded form, by reference. Either this or username and password."""

    username: TextOrSecret | None = None
    """User for basic authentication."""

    password: Secret | None = None
    """Password for basic authentication, by reference."""

    ca_file: AbsolutePath | None = None
    """Certificate authorities (PEM) that the cluster's certificate must come from; by default the system's."""

    template: bool = True
    """Install the index template, which gives the fields their types. False when somebody else takes care of it."""

    shards: Count = 1
    """Primary shards of each new index. One holds a day of up to some 50 GB."""

    replicas: Annotated[int, Field(ge=0), NUMBER] = 1
    """Copies of each shard. One, so that a lost node loses nothing; a single node needs 0, or its health
    stays yellow."""

    refresh_interval: Annotated[str, Field(pattern=r"^(-1|\d+(ms|s|m))$")] = "1s"
    """How soon documents become searchable, as Elasticsearch writes times. Longer, for example 10s, indexes cheaper."""

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        if self.api_key and (self.username or self.password):
            raise mistake("api_key and username are two ways to log in", "keep one of them")
        if bool(self.username) != bool(self.password):
            present, absent = ("username", "password") if self.username else ("password", "username")
            raise mistake(f"{present} without {absent}", f"add {absent}")
        return self


class ObjectStorageSink(_Consumer):
    """Archives records as objects whose names follow from their content."""

    type: Literal["object_storage"]
    """The kind of sink."""

    url: Annotated[str, url_with(("file", "s3", "gs", "az"), "file:///var/lib/logferry/archive or s3://bucket/prefix")]
    """Where objects go: file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."""

    format: Literal["parquet", "avro"] = "parquet"
    """Parquet can be queried where it lies; Avro keeps records as they are. logs.raw is always Avro."""

    options: Annotated[dict[str, TextOrSecret], AfterValidator(references_only)] = {}
    """For the store: endpoint, region, access_key_id, secret_access_key, …; keys by reference."""

    object_max_bytes: Size = 32 * MIB
    """Size at which an object is finished. Large objects are cheaper to keep and to read; memory holds one per
    topic, partition and hour."""

    object_max_age_secs: Seconds = 60.0
    """Longest a record waits in memory for its object. Higher means fewer objects, and more to read again after
    a crash."""

    @model_validator(mode="after")
    def _folder_is_absolute(self) -> Self:
        if self.url.startswith("file:") and not self.url.startswith("file:///"):
            problem = f"{self.url!r} names a host, not a folder"
            raise ProblemsError(
                (Problem(problem, "a folder has three slashes: file:///var/lib/logferry/archive", ("url",)),)
            )
        return self


Sink: TypeAlias = Annotated[ElasticsearchSink | ObjectStorageSink, Field(discriminator="type")]
