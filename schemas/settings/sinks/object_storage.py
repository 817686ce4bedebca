"""The settings of sinks of type object_storage."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from schemas.settings.node import MIB
from schemas.settings.parts import Problem, ProblemsError, Seconds, Size, url_with
from schemas.settings.secret import TextOrSecret, references_only
from schemas.settings.sinks.consumer import SinkConsumer


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
