"""The sink to Amazon CloudWatch Logs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.name_templates import NameTemplateError, read_name_template
from schemas.settings.node import MIB
from schemas.settings.parts import AbsolutePath, Count, HttpUrl, Seconds, Size, mistake
from schemas.settings.secret import Secret, TextOrSecret
from schemas.settings.sinks.consumer import BatchedSink

TAGS_AT_MOST: Final = 50
NAME_AT_MOST: Final = 512

Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""What PutRetentionPolicy takes."""


def _template(refused: str, what: str) -> Callable[[str], str]:
    """A check of a template whose fixed text contains nothing of the class ``refused``."""

    def check(text: str) -> str:
        try:
            plain = read_name_template(text).plain
        except NameTemplateError as error:
            raise mistake(error.problem, error.remedy) from None
        if not text or len(plain) > NAME_AT_MOST or re.search(refused, plain):
            raise mistake(f"{text!r} cannot name a log {what} in CloudWatch", _ALLOWED[what])
        return text

    return check


_ALLOWED: Final = {
    "group": "1 to 512 letters, digits and . - _ / #, not beginning with aws/: /kubernetes/{namespace}",
    "stream": "1 to 512 characters, but no colon and no star: {pod}/{container}",
}

GroupTemplate = Annotated[str, AfterValidator(_template(r"[^.\-_/#A-Za-z0-9]|^aws/", "group"))]
StreamTemplate = Annotated[str, AfterValidator(_template(r"[:*\x00-\x1f\x7f]", "stream"))]


class CloudwatchSink(BatchedSink):
    """Sends each record to a log stream of its container, at least once."""

    type: Literal["cloudwatch"]
    """The kind of sink."""

    region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", examples=["eu-central-1"])] | None = None
    """AWS region. By default what the environment (AWS_REGION, AWS_DEFAULT_REGION) or the profile says."""

    log_group: GroupTemplate = "/kubernetes/{namespace}"
    """Log group of a container's records. Fields: namespace, pod, container, node, tag, stream, label.NAME. Retention
    and rights belong to groups, so that one for each namespace is what people ask for."""

    log_stream: StreamTemplate = "{pod}/{container}"
    """Log stream of a container's records, with the same fields. Order is kept inside a stream."""

    host_log_group: GroupTemplate = "/hosts/{node}"
    """Log group of what comes from no pod: files of the node, journal, syslog."""

    host_log_stream: StreamTemplate = "{tag}"
    """Log stream of what comes from no pod."""

    format: Literal["json", "original"] = "json"
    """What an event contains: the document as Elasticsearch has it, whose fields Logs Insights finds by name, or the
    original line alone, which costs less."""

    create: bool = True
    """Make log groups and streams when they are missing. False: somebody else does, and records wait for it."""

    retention_days: Retention | None = None
    """Days after which CloudWatch deletes, for groups made by this sink. Null: never, which is what AWS does by
    default. Groups that are there already keep theirs."""

    tags: Annotated[dict[str, str], Field(max_length=TAGS_AT_MOST)] = {}
    """Tags of groups made by this sink."""

    log_class: Literal["standard", "infrequent_access"] = "standard"
    """Class of groups made by this sink. infrequent_access costs half and cannot do everything."""

    profile: Annotated[str, Field(min_length=1)] | None = None
    """Profile in the AWS configuration files. By default credentials come from wherever AWS's own tools look:
    environment, web identity of the service account, files, container and instance."""

    access_key_id: TextOrSecret | None = None
    """Access key, where there is nothing better than a long-lived one. Together with secret_access_key."""

    secret_access_key: Secret | None = None
    """Its secret, by reference."""

    role_arn: Annotated[str, Field(pattern=r"^arn:[^:]+:iam::\d{12}:role/.+$")] | None = None
    """Role to assume with those credentials, for example in the account that keeps the logs."""

    external_id: Annotated[str, Field(min_length=2)] | None = None
    """What the role's trust policy may ask for beside the credentials."""

    endpoint_url: HttpUrl | None = None
    """Address of the service, for a VPC endpoint without private DNS or for a stand-in in tests."""

    ca_file: AbsolutePath | None = None
    """Certificate authorities (PEM) that the service's certificate must come from; by default those of AWS's client."""

    batch_max_bytes: Size = 4 * MIB
    """Most that is gathered before it is sent. It is divided by log stream, and into requests of 1 MiB."""

    batch_max_age_secs: Seconds = 5.0
    """Longest a record waits for its batch to fill. One log stream at least is one request, and requests are limited
    for each account: shorter means more of them."""

    requests_in_flight: Count = 1
    """Batches under way at once. With one, nothing overtakes a part of a log stream that has to be sent again; more
    are faster, and then lines of the same millisecond may change places."""

    streams_in_flight: Count = 4
    """Log streams of a batch that are written to at once."""

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        if bool(self.access_key_id) != bool(self.secret_access_key):
            names = ("access_key_id", "secret_access_key")
            present, absent = names if self.access_key_id else names[::-1]
            raise mistake(f"{present} without {absent}", f"add {absent}")
        if self.access_key_id and self.profile:
            raise mistake("access_key_id and profile are two ways to log in", "keep one of them")
        return self

    @model_validator(mode="after")
    def _external_id_belongs_to_a_role(self) -> Self:
        if self.external_id and not self.role_arn:
            raise mistake("external_id without role_arn", "add role_arn, the role whose trust policy asks for it")
        return self

    @model_validator(mode="after")
    def _what_is_made_needs_create(self) -> Self:
        if not self.create and (self.retention_days or self.tags):
            raise mistake(
                "retention_days and tags are for log groups that this sink makes, and create is false",
                "leave them out, or write create: true",
            )
        return self
