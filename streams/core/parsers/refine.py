"""What the settings of a parser make of the fields that its format found: level, message, ids, time, types.

It is done in this order, and what became a field of the record is no attribute any more. A name with dots leads into
objects where no attribute has it as a whole: ``http.status`` of ``{"http":{"status":"200"}}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from schemas.settings.parsers import GrokParser, ParserOptions, RegexParser, SeverityField, TimeField
from schemas.severity import minimum_number
from streams.core.parsers.levels import level_number, own_severity
from streams.core.parsers.parsed import Fields
from streams.core.parsers.time_formats import rfc3339_text, time_format
from streams.core.parsers.trace_ids import take_hex
from streams.core.parsers.typed import CONVERT, Convert

LEVEL_FIELDS: Final = ("level", "severity")
"""Where the level of a parser of one's own is looked for, unless it says so."""
MESSAGE_FIELDS: Final = ("message", "msg")

Attributes: TypeAlias = dict[str, Any]
Clock: TypeAlias = Callable[[], int]
"""Nanoseconds of now since 1970; it tells the year of times that have none."""
NumberOf: TypeAlias = Callable[[Any], int]
"""Severity of a level as it stands in a line, 0 for none."""


def level_fields(definition: ParserOptions) -> tuple[str, ...]:
    """Fields that may hold the level, in the order in which they are asked. Built-in formats know theirs."""
    if definition.severity is not None:
        return (definition.severity.field,)
    return LEVEL_FIELDS if isinstance(definition, RegexParser | GrokParser) else ()


def message_fields(definition: ParserOptions) -> tuple[str, ...]:
    """Fields that may become the body, the first that is there. Built-in formats know theirs."""
    if definition.message is not None:
        return (definition.message,)
    return MESSAGE_FIELDS if isinstance(definition, RegexParser | GrokParser) else ()


def number_of_levels(severity: SeverityField | None) -> NumberOf:
    """What tells the number of a level: words of one's own before the usual ones."""
    own: dict[str, int] = {}
    for word, name in {} if severity is None else severity.map.items():
        own.setdefault(word.lower(), minimum_number(name))
    own |= {word: minimum_number(name) for word, name in ({} if severity is None else severity.map).items()}

    def number(value: Any) -> int:
        if type(value) is str:
            found = own.get(value) or own.get(value.strip().lower())
            return level_number(value) if found is None else found
        if type(value) is int:
            return own.get(str(value)) or own_severity(value)
        return 0

    return number


def http_status(value: Any) -> int:
    """An HTTP status, 0 where it is none."""
    text = str(value) if type(value) is int else value
    if type(text) is str and len(text) == 3 and text.isascii() and text.isdigit() and text >= "100":
        return int(text)
    return 0


def level_of(attributes: Attributes, fields: tuple[str, ...], number: NumberOf) -> tuple[int, str | None]:
    """Number and name of the first field that holds a level."""
    for name in fields:
        found = number(value_of(attributes, name))
        if found:
            return found, name
    return 0, None


def value_of(attributes: Attributes, name: str) -> Any:
    """The value of a field; None when it is not there."""
    place = _place(attributes, name)
    return None if place is None else place[0][place[1]]


def take(attributes: Attributes, name: str) -> Any:
    """Remove a field that is there, and return its value."""
    place = _place(attributes, name)
    return None if place is None else place[0].pop(place[1])


def _place(attributes: Attributes, name: str) -> tuple[Attributes, str] | None:
    """The object that has a field, and the field's name in it."""
    if name in attributes:
        return attributes, name
    holder: Any = attributes
    *outer, last = name.split(".")
    for part in outer:
        holder = holder.get(part) if type(holder) is dict else None
    return (holder, last) if type(holder) is dict and last in holder else None


def refining(
    definition: ParserOptions, types: Mapping[str, str], parser: str, clock: Clock
) -> Callable[[Fields], Fields]:
    """What finishes the fields of a line. Raises SettingsError for a format of times that nobody understands."""
    conversions = tuple((name, CONVERT[each]) for name, each in {**types, **definition.fields}.items())
    messages = message_fields(definition)
    trace, span = (definition.trace_id or "trace_id",), (definition.span_id or "span_id",)
    levels, number = level_fields(definition), number_of_levels(definition.severity)
    put_time = None if definition.time is None else _timing(definition.time, clock)

    def refine(event: Fields) -> Fields:
        attributes: Attributes = event["attributes"]
        event["parser"] = parser
        level = level_of(attributes, levels, number)[1]
        if level is not None:
            event["severity_text"] = str(take(attributes, level))
        _move_message(event, attributes, messages)
        event["trace_id"] = take_hex(attributes, trace, 32) or event["trace_id"]
        event["span_id"] = take_hex(attributes, span, 16) or event["span_id"]
        if put_time is not None:
            put_time(attributes)
        _convert(attributes, conversions)
        return event

    return refine


def _move_message(event: Fields, attributes: Attributes, names: tuple[str, ...]) -> None:
    """Make the first of some fields the body. A body that the format found already becomes an attribute."""
    name = next((each for each in names if type(value_of(attributes, each)) is str), None)
    if name is None:
        return
    body, whole = take(attributes, name), event["original"]
    if whole is None:
        whole = event["body"]
    else:
        attributes.setdefault("message", event["body"])
    event["body"], event["original"] = body, None if body == whole else whole


def _timing(settings: TimeField, clock: Clock) -> Callable[[Attributes], None]:
    read = time_format(settings.format, settings.timezone)

    def put_time(attributes: Attributes) -> None:
        value = value_of(attributes, settings.field)
        nanos = None if value is None else read(_number_text(value), clock())
        if nanos is None:
            return
        if not settings.keep:
            take(attributes, settings.field)
        attributes["time"] = rfc3339_text(nanos)

    return put_time


def _number_text(value: Any) -> str:
    """Digits of a time that JSON has as a number, never with an exponent."""
    if type(value) is float and value.is_integer() and abs(value) < 1e30:
        return str(int(value))
    return value if type(value) is str else repr(value) if type(value) in (int, float) else ""


def _convert(attributes: Attributes, conversions: tuple[tuple[str, Convert], ...]) -> None:
    for name, convert in conversions:
        place = _place(attributes, name)
        if place is not None:
            holder, key = place
            holder[key] = convert(holder[key])
