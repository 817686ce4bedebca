"""Sink ``otlp``: records to an OpenTelemetry collector, or whatever else takes OTLP over HTTP."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator

from schemas.settings.parts import HttpUrl
from schemas.settings.sinks.posting import PostingSink


def _logs_address(url: str) -> str:
    """OTLP's own path behind an address without one."""
    return f"{url.rstrip('/')}/v1/logs" if urlsplit(url).path in ("", "/") else url


class OtlpSink(PostingSink):
    """Exports log records by OTLP/HTTP in Protobuf, grouped by resource."""

    type: Literal["otlp"]
    """The kind of sink."""

    url: Annotated[HttpUrl, AfterValidator(_logs_address)] = "http://localhost:4318/v1/logs"
    """Where requests go; without a path, /v1/logs is added, as OpenTelemetry's exporters do. Redirections are not
    followed."""

    annotations: bool = False
    """Send the pods' annotations along (k8s.pod.annotation.<key>). Not by default, because they can be large and stand
    in every request; labels are always sent."""
