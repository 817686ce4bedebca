"""The settings of sinks of type object_storage."""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.settings.days import Days
from schemas.settings.node import MIB
from schemas.settings.parts import Count, Problem, ProblemsError, Seconds, Size, mistake, url_with
from schemas.settings.secret import TextOrSecret, references_only
from schemas.settings.sinks.consumer import SinkConsumer

COLUMNS: Final = frozenset(
    {
        "id", "timestamp", "observed_timestamp", "severity_number", "severity_text", "body", "original", "stream",
        "trace_id", "span_id", "parser", "flags", "offset", "attributes", "source_id", "node", "path", "incarnation",
        "tag", "namespace", "pod", "pod_uid", "container", "container_id", "container_image", "container_hash",
        "restart", "resolved", "labels", "annotations",
    }
)  # fmt: skip
"""Columns that every Parquet object has."""


def _promoted_name(name: str) -> str:
    if name.lower() in COLUMNS:
        raise mistake(f"{name!r} is a column of every object", "leave it out; as an attribute it is in the map")
    return name


PromotedName = Annotated[str, Field(min_length=1), AfterValidator(_promoted_name)]


class ObjectStorageSink(SinkConsumer):
    """Archives records as objects whose names follow from their content."""

    type: Literal["object_storage"]
    """The kind of sink."""

    url: Annotated[str, url_with(("file", "s3", "gs", "az"), "file:///var/lib/logferry/archive or s3://bucket/prefix")]
    """Where objects go: file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."""

    format: Literal["parquet", "avro"] = "parquet"
    """Parquet can be queried where it lies; Avro keeps records as they are. logs.raw is always Avro."""

    options: Annotated[dict[str, TextOrSecret], AfterValidator(references_only)] = {}
    """For the store: endpoint, region, access_key_id, secret_access_key, …; keys by reference."""

    promote: dict[PromotedName, Literal["string", "int64", "float64", "bool"]] = {}
    """Attributes that get a typed column of their own in Parquet: ``http.response.status_code: int64``. A value of
    another type is null there; the map ``attributes`` holds all of them. Nothing by default: columns are for ever."""

    object_max_bytes: Size = 24 * MIB
    """Size in memory at which the records of one hour and namespace become an object; compressed, it is about a tenth
    of that. Large objects are cheaper to keep and to read."""

    object_max_age_secs: Seconds = 60.0
    """Longest a record waits in memory for its object. Higher means fewer objects, and more to read again after
    a crash."""

    memory_max_bytes: Size = 32 * MIB
    """Most that records take in memory while they wait. When it is reached, the largest hours and namespaces become
    objects before their time. The process takes some 200 MB more."""

    requests_in_flight: Count = 4
    """Most requests to the store at once. A thousand namespaces make a thousand objects, each of which takes a store
    far away some tenths of a second."""

    retention: Days | None = None
    """How long records are kept: 90d. Whole days are deleted, by the date in their folder's name, once they ended so
    long ago; a few an hour by the sink, all at once by `logferry retention`. None: nothing is ever deleted."""

    @model_validator(mode="after")
    def _objects_fit_into_memory(self) -> Self:
        if "memory_max_bytes" in self.model_fields_set and self.memory_max_bytes < self.object_max_bytes:
            problem = f"memory_max_bytes is less than object_max_bytes ({self.object_max_bytes})"
            remedy = f"write {self.object_max_bytes * 3 // 2}, or make objects smaller"
            raise ProblemsError((Problem(problem, remedy, ("memory_max_bytes",)),))
        return self

    @model_validator(mode="after")
    def _folder_is_absolute(self) -> Self:
        if self.url.startswith("file:") and not self.url.startswith("file:///"):
            problem = f"{self.url!r} names a host, not a folder"
            raise ProblemsError(
                (Problem(problem, "a folder has three slashes: file:///var/lib/logferry/archive", ("url",)),)
            )
        return self
