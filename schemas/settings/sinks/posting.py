"""What sinks have in common that post to an address: headers, credentials, TLS, compression."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, model_validator

from schemas.settings.parts import AbsolutePath, HttpUrl, Problem, ProblemsError, mistake
from schemas.settings.secret import Secret, TextOrSecret
from schemas.settings.sinks.consumer import BatchedSink

_SECRET_HEADER: Final = re.compile(r"authorization|cookie|token|secret|passw|credential|key$|signature", re.IGNORECASE)
_HARMLESS_HEADER: Final = re.compile(r"idempotency", re.IGNORECASE)
_OWN_HEADERS: Final = frozenset({"content-length", "content-encoding", "content-type", "host", "transfer-encoding"})


def _headers(values: dict[str, str | Secret]) -> dict[str, str | Secret]:
    problems = []
    for name, value in values.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            problems.append(Problem(f"{name!r} cannot name a header", "use letters, digits and dashes", (name,)))
        elif name.lower() in _OWN_HEADERS:
            problems.append(Problem(f"{name} cannot be set here", "leave it out: it follows from the body", (name,)))
        elif isinstance(value, str) and _SECRET_HEADER.search(name) and not _HARMLESS_HEADER.search(name):
            problem = f"{name} is a secret and must not stand in the settings: whoever reads the file knows it"
            problems.append(Problem(problem, "write {env: NAME_OF_A_VARIABLE} or {file: /path/of/a/file}", (name,)))
        elif isinstance(value, str) and not re.fullmatch(r"[\t\x20-\x7e]*", value):
            problems.append(Problem(f"{name} has a value that no header can have", "use ASCII only", (name,)))
    if problems:
        raise ProblemsError(problems)
    return values


Headers = Annotated[dict[str, TextOrSecret], AfterValidator(_headers)]
"""Of requests; secrets by reference only."""


class PostingSink(BatchedSink):
    """A sink that posts its records to one address."""

    url: HttpUrl
    """Where requests go. Redirections are not followed."""

    headers: Headers = {}
    """Added to each request; values that are secrets by reference."""

    token: Secret | None = None
    """Bearer token (RFC 6750), by reference. Either this or username and password."""

    username: TextOrSecret | None = None
    """User for basic authentication (RFC 7617)."""

    password: Secret | None = None
    """Password for basic authentication, by reference."""

    ca_file: AbsolutePath | None = None
    """Certificate authorities (PEM) that the server's certificate must come from; by default the system's."""

    certificate_file: AbsolutePath | None = None
    """PEM file with a certificate to show to the server (mutual TLS)."""

    key_file: AbsolutePath | None = None
    """PEM file with its private key; by default in certificate_file."""

    compression: Literal["none", "gzip", "zstd"] = "gzip"
    """Of bodies. gzip by default, because what takes compressed bodies takes gzip; zstd costs less time and is smaller,
    where the server takes it."""

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        if self.token and (self.username or self.password):
            raise mistake("token and username are two ways to log in", "keep one of them")
        if bool(self.username) != bool(self.password):
            present, absent = ("username", "password") if self.username else ("password", "username")
            raise mistake(f"{present} without {absent}", f"add {absent}")
        if (self.token or self.username) and "authorization" in {name.lower() for name in self.headers}:
            raise mistake("there is a header Authorization and another way to log in", "keep one of them")
        return self

    @model_validator(mode="after")
    def _tls_fits(self) -> Self:
        if self.key_file and not self.certificate_file:
            raise mistake("key_file without certificate_file", "add certificate_file")
        tls = [name for name in ("ca_file", "certificate_file") if getattr(self, name)]
        if tls and self.url.startswith("http:"):
            raise mistake(f"{tls[0]} is of no use with http://", "write the address with https://")
        return self
