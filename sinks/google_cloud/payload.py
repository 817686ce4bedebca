"""What stands in jsonPayload: JSON that survives Google's Struct.

A Struct knows one kind of number, the double, so that whole numbers beyond 2^53 (ids, often) would come out changed:
they become text. What is nested deeper than protobuf's parsers go becomes text, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from schemas.document import escaped, iso_time

EXACT: Final = 2**53
"""Whole numbers up to here are the same as doubles."""
DEEPEST: Final = 24
"""A level of JSON is up to three of protobuf, whose parsers go 100 levels deep by default."""
TOO_DEEP: Final = "(nested too deeply; the original line has it)"
OWN: Final = ("message", "log", "logferry")
"""Members that an attribute must not replace; one of that name gets an underscore."""


_observed: Final = lru_cache(maxsize=1024)(iso_time)
"""All records of a chunk were observed at once."""


def json_payload(record: Mapping[str, Any], attributes: Mapping[str, Any], *, keep_original: bool) -> dict[str, Any]:
    """The payload of a LogRecord with what is left of its attributes."""
    payload = {f"{name}_" if name in OWN else name: _exact(value, DEEPEST) for name, value in attributes.items()}
    payload["message"] = record["body"]
    if keep_original and record["original"] is not None:
        payload["log"] = record["original"]
    payload["logferry"] = _origin(record)
    return payload


def _origin(record: Mapping[str, Any]) -> dict[str, Any]:
    resource = record["resource"]
    origin: dict[str, Any] = {"id": record["id"], "observed_timestamp": _observed(record["observed_timestamp"])}
    if resource["kubernetes"] is None:
        origin |= {"tag": resource["tag"], "path": resource["path"]}
    for name in ("parser", "severity_text", "flags"):
        if record[name]:
            origin[name] = record[name]
    return origin


def _exact(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        if not levels:
            return as_text(value)
        return {name: _exact(each, levels - 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_exact(each, levels - 1) for each in value] if levels else as_text(value)
    if isinstance(value, int) and not -EXACT <= value <= EXACT:
        return str(value)
    return value


def as_text(value: Any) -> str:
    """A value as the text of its JSON."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # text that UTF-8 cannot hold, or hundreds of levels
        return _deep_text(value)


def _deep_text(value: Any) -> str:
    try:
        return escaped(value).decode()
    except RecursionError:
        return TOO_DEEP
