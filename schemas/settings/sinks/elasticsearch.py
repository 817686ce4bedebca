"""The settings of sinks of type elasticsearch."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.index_period import period_days
from schemas.settings.days import Days
from schemas.settings.node import MIB
from schemas.settings.parts import NUMBER, SIZE, AbsolutePath, Count, mistake
from schemas.settings.secret import Secret, TextOrSecret
from schemas.settings.sinks.consumer import BatchedSink
from schemas.settings.sinks.elasticsearch_names import CloudId, DataStream, Host, IndexPattern, Promoted

# What Elasticsearch takes in one request by default (http.max_content_length).
REQUEST_BYTES_AT_MOST = 100 * MIB
_DEFAULT_HOSTS = ("http://localhost:9200",)
_DEFAULT_INDEX = "logstash-%Y.%m.%d"


class ElasticsearchSink(BatchedSink):
    """Indexes each record once, under its record id."""

    type: Literal["elasticsearch"]
    """The kind of sink."""

    hosts: Annotated[tuple[Host, ...], Field(min_length=1)] = _DEFAULT_HOSTS
    """Addresses of the cluster, with their ports; requests go to them in turn, and one that does not answer is left
    out for a while. With an https address the certificate is checked."""

    cloud_id: CloudId | None = None
    """The deployment's id at Elastic Cloud, in place of hosts: it holds the address."""

    index: IndexPattern = _DEFAULT_INDEX
    """Target index: strftime of the record's day, UTC. Daily indices of this name are what dashboards made for fluentd
    and Fluent Bit look for. It follows from the record alone, so a repeated record meets itself."""

    data_stream: DataStream | None = None
    """Target data stream, in place of index. A record's id is unique only in one backing index, so a record that is
    sent again after a rollover is there twice; with an index it never is."""

    batch_max_bytes: Annotated[int, Field(ge=1, le=REQUEST_BYTES_AT_MOST), SIZE] = 2 * MIB
    """Largest bulk request. Beyond some MiB a request gets slower, not cheaper."""

    api_key: Secret | None = None
    """API key in its encoded form, by reference. Either this or username and password."""

    username: TextOrSecret | None = None
    """User for basic authentication."""

    password: Secret | None = None
    """Password for basic authentication, by reference."""

    ca_file: AbsolutePath | None = None
    """Certificate authorities (PEM) that the cluster's certificate must come from; by default the system's."""

    certificate_file: AbsolutePath | None = None
    """Certificate (PEM) that this sink shows to the cluster (mutual TLS), where it asks for one."""

    key_file: AbsolutePath | None = None
    """Key (PEM) of certificate_file; none when the same file holds it."""

    template: bool = True
    """Install the index template, which gives the fields their types. False when somebody else takes care of it."""

    template_name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,199}$")] | None = None
    """Name of the index template and of the lifecycle policy; by default logferry-<name of the sink>. Two
    installations that share a cluster need different ones."""

    template_priority: Annotated[int, Field(ge=0), NUMBER] = 200
    """Of several templates for the same index the one with the highest priority holds; two of the same Elasticsearch
    refuses. Elastic's own have 100 to 200."""

    promote: dict[Annotated[str, Field(pattern=r"^[^.\s*]+(\.[^.\s*]+)*$")], Promoted] = Field(
        default={},
        json_schema_extra={"x-env-separator": "."},
        examples=[{"http.response.status_code": "short", "duration_ms": "float"}],
    )
    """Attributes that get a type of their own, so that they can be compared, added up and charted; all others are
    keywords. A value that is not of the type is kept in the document and not searchable: it rejects nothing. Holds for
    new indices, and for those of today where the attribute has not come yet."""

    fields_limit: Count = 2000
    """Most fields of an index (index.mapping.total_fields.limit). What comes beyond it is kept in the documents and is
    not searchable by itself. Every field costs each node's memory a little."""

    shards: Count = 1
    """Primary shards of each new index. One holds a day of up to some 50 GB."""

    replicas: Annotated[int, Field(ge=0), NUMBER] = 1
    """Copies of each shard. One, so that a lost node loses nothing; a single node needs 0, or its health
    stays yellow."""

    refresh_interval: Annotated[str, Field(pattern=r"^(-1|\d+(ms|s|m))$")] = "1s"
    """How soon documents become searchable, as Elasticsearch writes times. Longer, for example 10s, indexes cheaper."""

    retention: Days | None = None
    """How long documents are kept: 14d. Whole indices are deleted, once their period (day, week or month) ended so long
    ago. By a lifecycle policy where the cluster has them, otherwise by this sink. None: nothing is ever deleted."""

    @property
    def target(self) -> str:
        """The data stream, or the strftime pattern of the index."""
        return self.data_stream or self.index

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        if self.api_key and (self.username or self.password):
            raise mistake("api_key and username are two ways to log in", "keep one of them")
        if bool(self.username) != bool(self.password):
            present, absent = ("username", "password") if self.username else ("password", "username")
            raise mistake(f"{present} without {absent}", f"add {absent}")
        if self.key_file and not self.certificate_file:
            raise mistake("key_file without certificate_file", "add certificate_file")
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.cloud_id and self.hosts != _DEFAULT_HOSTS:
            raise mistake("cloud_id and hosts are two addresses", "keep one of them")
        if self.data_stream and self.index != _DEFAULT_INDEX:
            raise mistake("data_stream and index are two targets", "keep one of them")
        plain = [host for host in self.hosts if host.startswith("http:")]
        tls = [name for name in ("ca_file", "certificate_file") if getattr(self, name)]
        if plain and tls and not self.cloud_id:
            https = plain[0].replace("http:", "https:", 1)
            raise mistake(f"{tls[0]} is of no use for {plain[0]}, which is not encrypted", f"write {https}")
        if len(set(self.hosts)) != len(self.hosts):
            raise mistake("the same host stands twice", "name each once")
        return self

    @model_validator(mode="after")
    def _can_be_deleted(self) -> Self:
        if self.retention and not self.data_stream and period_days(self.index) is None:
            names = re.findall(r"%.", self.index)
            what = "has two digits for the year" if "%y" in names else "does not name a day, a week or a month"
            raise mistake(
                f"retention deletes whole indices, and index {self.index!r} {what}",
                "write %Y.%m.%d, %G.%V for weeks or %Y.%m for months into index, or leave retention out",
            )
        if self.promote and not self.template:
            raise mistake("promoted attributes stand in the index template, and template is false", "keep one of them")
        if self.data_stream and not self.template:
            raise mistake(
                "a data stream needs an index template, and template is false",
                "leave template out; Elasticsearch's own templates do not fit these documents",
            )
        return self
