"""Which severity a request has that was answered with a status: access logs say no other.

http_status: {4xx: info, 5xx: error, codes: {429: warn, 499: unknown}}
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from schemas.settings.parts import Section
from schemas.severity import SEVERITY_BY_TEXT, Severity, minimum_number, severity_text

STATUSES = 600
"""HTTP has statuses from 100 to 599 (RFC 9110, 15)."""

_Name: TypeAlias = Literal[Severity, "unknown"]


def _short_name(value: object) -> object:
    number = SEVERITY_BY_TEXT.get(value.lower(), 0) if isinstance(value, str) else 0
    return severity_text(number).lower() if number else value


SeverityOrUnknown = Annotated[_Name, BeforeValidator(_short_name)]
"""A severity's short name (usual spellings are understood), or unknown: passes every minimum, as text without level."""

Status = Annotated[int, Field(ge=100, lt=STATUSES)]


class HttpStatusSettings(Section):
    """Severity of the lines of access logs, by HTTP status."""

    informational: SeverityOrUnknown = Field(default="info", alias="1xx")
    """Statuses 100 to 199: the request goes on."""

    success: SeverityOrUnknown = Field(default="info", alias="2xx")
    """Statuses 200 to 299. Info, so that a minimum of warn keeps only what went wrong."""

    redirection: SeverityOrUnknown = Field(default="info", alias="3xx")
    """Statuses 300 to 399."""

    client_error: SeverityOrUnknown = Field(default="warn", alias="4xx")
    """Statuses 400 to 499. Warn, because it is the client's mistake, and scanners make many."""

    server_error: SeverityOrUnknown = Field(default="error", alias="5xx")
    """Statuses 500 to 599. Error: the server could not answer."""

    other: SeverityOrUnknown = "unknown"
    """Lines without a status, or with none of HTTP's: a connection that ended before an answer, TCP."""

    codes: Annotated[dict[Status, SeverityOrUnknown], Field(examples=[{404: "info", 499: "info"}])] = {}
    """Single statuses that are to be judged otherwise than their class. None by default."""

    def numbers(self) -> tuple[int, ...]:
        """Severity numbers by status, 0 to 599; what is no status has that of ``other``."""
        classes = (
            self.other, self.informational, self.success, self.redirection, self.client_error, self.server_error,
        )  # fmt: skip
        table = [_number(classes[status // 100]) for status in range(STATUSES)]
        for status, severity in self.codes.items():
            table[status] = _number(severity)
        return tuple(table)


def _number(name: _Name) -> int:
    return 0 if name == "unknown" else minimum_number(name)
