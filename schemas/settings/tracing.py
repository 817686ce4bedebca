"""Traces of the way of chunks, by OpenTelemetry."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from schemas.settings.parts import NUMBER, AbsolutePath, Count, HttpUrl, ScalarText, Section, mistake
from schemas.settings.sinks.posting import Headers


def _traces_address(url: str) -> str:
    """OTLP's own path behind an address without one."""
    return f"{url.rstrip('/')}/v1/traces" if urlsplit(url).path in ("", "/") else url


class TracingSettings(Section):
    """Traces of some chunks, from the file to the last sink; off unless there is an endpoint. Extra: `traces`."""

    endpoint: Annotated[HttpUrl, AfterValidator(_traces_address)] | None = None
    """Where spans go, by OTLP/HTTP in Protobuf; without a path, /v1/traces is added: http://collector:4318. Null by
    default: nothing is traced."""

    sample_one_in: Count = 1000
    """One in so many chunks is traced, chosen by a hash over incarnation and offset: a chunk that is sent again is
    chosen again, under the same trace id. The producer decides; all other stages go by what it has chosen. A thousand,
    because a busy node sends some hundred chunks a second."""

    headers: Headers = {}
    """Added to each request; values that are secrets by reference."""

    ca_file: AbsolutePath | None = None
    """Certificate authorities (PEM) that the server's certificate must come from; by default those that come with
    Python's certifi."""

    certificate_file: AbsolutePath | None = None
    """PEM file with a certificate to show to the server (mutual TLS)."""

    key_file: AbsolutePath | None = None
    """PEM file with its private key; by default in certificate_file."""

    timeout_secs: Annotated[float, Field(gt=0, le=60), NUMBER] = 10.0
    """What a request and its repetitions may take. Spans wait meanwhile, 2,048 at most; beyond that they are dropped
    and counted. No stage ever waits for them."""

    resource: dict[str, ScalarText] = {}
    """Added to the attributes of every process, for example deployment.environment.name."""

    @model_validator(mode="after")
    def _tls_fits(self) -> Self:
        if self.key_file and not self.certificate_file:
            raise mistake("key_file without certificate_file", "add certificate_file")
        tls = [name for name in ("ca_file", "certificate_file") if getattr(self, name)]
        if tls and (self.endpoint or "").startswith("http:"):
            raise mistake(f"{tls[0]} is of no use with http://", "write the address with https://")
        return self
