"""The sink to Google Cloud Logging."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.name_templates import NameTemplateError, read_name_template
from schemas.settings.node import MIB
from schemas.settings.parts import SIZE, AbsolutePath, Count, HttpUrl, mistake
from schemas.settings.sinks.consumer import BatchedSink

SERVICE: Final = "https://logging.googleapis.com"
REQUEST_BYTES_AT_MOST: Final = 9_500_000
"""Of the 10 MB that Cloud Logging takes in a request, by its own count, which is not quite ours."""
LABELS_AT_MOST: Final = 32
"""Of the 64 that an entry may have; the others are for the pod's."""
LOG_ID_AT_MOST: Final = 511


def _log_id(text: str) -> str:
    try:
        plain = read_name_template(text).plain
    except NameTemplateError as error:
        raise mistake(error.problem, error.remedy) from None
    if not text or len(plain) > LOG_ID_AT_MOST or re.search(r"[^A-Za-z0-9/_.\-]", plain):
        raise mistake(
            f"{text!r} cannot name a log in Cloud Logging", "letters, digits and / _ - . only, less than 512: {stream}"
        )
    return text


LogIdTemplate = Annotated[str, AfterValidator(_log_id)]


class GoogleCloudSink(BatchedSink):
    """Writes each record as a log entry under its own insertId."""

    type: Literal["google_cloud"]
    """The kind of sink."""

    project: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.:-]{0,99}$", examples=["my-project-id"])]
    """Project that the log entries belong to."""

    location: Annotated[str, Field(min_length=1, examples=["europe-west3"])]
    """Region or zone of the cluster, for the entries' resource; for clusters elsewhere a region near to it."""

    cluster_name: Annotated[str, Field(min_length=1)]
    """Name of the cluster, for the entries' resource."""

    log_id: LogIdTemplate = "{stream}"
    """Log of a container's records: logName is projects/<project>/logs/<log_id>. Fields: namespace, pod, container,
    node, tag, stream, label.NAME. stdout and stderr is what Google's own agents write."""

    host_log_id: LogIdTemplate = "{tag}"
    """Log of what comes from no pod: files of the node, journal, syslog."""

    host_resource: Literal["k8s_node", "generic_node", "global"] = "k8s_node"
    """Resource of what comes from no pod: a node of the cluster, a machine, or none in particular."""

    labels: Annotated[dict[str, str], Field(max_length=LABELS_AT_MOST)] = {}
    """Labels of every entry."""

    format: Literal["json", "text"] = "json"
    """json: jsonPayload with message, attributes and logferry; text: textPayload with the original line."""

    keep_original: bool = False
    """With json, also send the original line (log) where it is not the message. It makes entries about twice as large,
    and Google charges by size."""

    retention_days: Count | None = 30
    """Retention of the log bucket. Google takes older entries, says so, and stores them in no bucket; therefore records
    older than this go to the dead letters. Null: send everything, for example where a log sink exports it."""

    credentials_file: AbsolutePath | None = None
    """Key of a service account. By default Application Default Credentials: GOOGLE_APPLICATION_CREDENTIALS, workload
    identity, the machine's service account."""

    anonymous: bool = False
    """Send no credentials: for a stand-in in tests."""

    endpoint: HttpUrl = SERVICE
    """Address of the service, for Private Service Connect or for a stand-in in tests."""

    ca_file: AbsolutePath | None = None
    """Certificate authorities (PEM) that the service's certificate must come from; by default the system's."""

    batch_max_bytes: Annotated[int, Field(ge=1, le=REQUEST_BYTES_AT_MOST), SIZE] = 4 * MIB
    """Largest request. Cloud Logging takes 10 MB."""

    batch_max_records: Count = 1000
    """Most entries of a request, as Google's own clients send."""

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        if self.anonymous and self.credentials_file:
            raise mistake("anonymous and credentials_file exclude each other", "keep one of them")
        if self.anonymous and self.endpoint == SERVICE:
            raise mistake("Google takes no entries without credentials", "leave anonymous out, or write endpoint")
        return self

    @model_validator(mode="after")
    def _credentials_travel_encrypted(self) -> Self:
        if self.endpoint.startswith("http:") and not self.anonymous:
            raise mistake(
                "credentials would travel unencrypted", "write the endpoint with https://, or anonymous: true"
            )
        return self
