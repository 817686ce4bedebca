"""Small types of files of pipeline tests."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.document import iso_time
from schemas.settings.parts import NUMBER, ScalarText, mistake
from schemas.severity import severity_number, severity_text
from streams.core.rfc3339 import timestamp_nanos

UNKNOWN: Final = "unknown"

Name = Annotated[str, Field(min_length=1)]
Texts = dict[str, ScalarText]


def nanos_of(moment: str) -> int:
    """Nanoseconds since 1970 of a `Moment`."""
    found = timestamp_nanos(moment.encode())
    assert found is not None, moment
    return found


def _text_of_time(value: object) -> object:
    # YAML reads a time without quotes as one.
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat().removesuffix("+00:00") + "Z"
    return f"{value.isoformat()}T00:00:00Z" if isinstance(value, date) else value


def _moment(text: str) -> str:
    nanos = timestamp_nanos(text.encode())
    if nanos is None:
        raise mistake(f"{text!r} is no time", "write it like 2026-01-01T00:00:00Z")
    return iso_time(nanos)


Moment = Annotated[str, BeforeValidator(_text_of_time), AfterValidator(_moment)]
"""A time as RFC 3339 has it; kept in UTC with nine decimals."""


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # datetime is one
        raise mistake("YAML reads this as a time", "put it into quotes")
    if isinstance(value, bytes | set):
        raise mistake("no attribute can have such a value", "write what JSON knows")
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return value


Plain = Annotated[Any, BeforeValidator(_plain)]
"""A value that JSON knows."""


def _severity(text: str) -> str:
    if text.lower() == UNKNOWN:
        return UNKNOWN
    number = severity_number(text)
    if not number:
        raise mistake(f"{text!r} is no severity", "choose from trace, debug, info, warn, error, fatal, unknown")
    return severity_text(number)


SeverityWord = Annotated[str, AfterValidator(_severity), Field(examples=["ERROR"])]
"""A severity in any usual spelling, kept as ERROR; or unknown."""

NaturalNumber = Annotated[int, Field(ge=0), NUMBER]
