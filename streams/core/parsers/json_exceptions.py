"""Exceptions in JSON lines, under OpenTelemetry's names where it is certain what they are.

``exception.stacktrace`` comes from ``stack_trace`` (logstash-logback-encoder), ``exc_info`` and ``exc_text``
(python-json-logger), ``exception`` (structlog), ``@x`` and ``Exception`` (Serilog), ``stack`` (winston),
``error.stack_trace`` (ECS), and, with ``exception.type`` and ``exception.message``, from the objects ``err`` and
``error`` (pino, bunyan, ECS), ``thrown`` (log4j 2) and ``exception`` (log4j 2's Logstash template). What is none of
these shapes, such as a list of frames, stays as it is. What the line says under OpenTelemetry's names already is kept.
"""

from __future__ import annotations

from typing import Any, Final

_STACKTRACE: Final = "exception.stacktrace"
_TEXTS: Final = ("stack_trace", "exc_info", "exc_text", "exception", "@x", "Exception", "stack")
"""Fields whose text is a stack trace if it has several lines; Serilog's is one in any case."""
_DOTTED: Final = {
    "error.type": "exception.type",
    "error.kind": "exception.type",
    "error.message": "exception.message",
    "error.stack_trace": _STACKTRACE,
    "error.stack": _STACKTRACE,
}
_OBJECTS: Final = ("err", "error", "thrown", "exception")
_INNER: Final = {
    "type": "exception.type",
    "name": "exception.type",
    "exception_class": "exception.type",
    "message": "exception.message",
    "exception_message": "exception.message",
    "stack": _STACKTRACE,
    "stack_trace": _STACKTRACE,
    "stacktrace": _STACKTRACE,
    "extendedStackTrace": _STACKTRACE,
}

EXCEPTION_FIELDS: Final = frozenset({*_TEXTS, *_DOTTED, *_OBJECTS})
"""Without any of these among its fields a record has no exception that has to be renamed."""


def rename_exception(found: dict[str, Any]) -> None:
    """Give what is surely an exception its usual names, in place."""
    if "error.stack_trace" in found or "error.stack" in found:
        _move(found, found, _DOTTED)
    for name in _OBJECTS:
        inner = found.get(name)
        if type(inner) is dict and any(type(inner.get(key)) is str for key in _INNER if _INNER[key] == _STACKTRACE):
            _move(inner, found, _INNER)
            if not inner:
                del found[name]
    for name in _TEXTS:
        value = found.get(name)
        if type(value) is str and ("\n" in value or name == "@x") and _STACKTRACE not in found:
            found[_STACKTRACE] = found.pop(name)


def _move(source: dict[str, Any], target: dict[str, Any], names: dict[str, str]) -> None:
    for name, new in names.items():
        if type(source.get(name)) is str and new not in target:
            target[new] = source.pop(name)
