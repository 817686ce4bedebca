"""Whatever a program logs becomes one line that the JSON parser of streams reads back."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.relay.handler_record import STANDARD, Logged, level_text, loss_line, record_line
from streams.core.parsers import json as parser

MOMENT = 1795309323.000004


def record(**changes: Any) -> logging.LogRecord:
    standard = {"name": "shop.cart", "levelname": "INFO", "levelno": 20, "msg": "hello", "created": MOMENT}
    return logging.makeLogRecord({**standard, "threadName": "MainThread", "process": 7, **changes})


def read(line: bytes) -> dict[str, Any]:
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    found: dict[str, Any] = orjson.loads(line)
    return found


def line_of(logged: Logged | None = None, **changes: Any) -> dict[str, Any]:
    return read(record_line(record(**changes), logged or Logged("hello"), {}, 10_000))


def test_a_plain_record() -> None:
    line = record_line(record(user="u1"), Logged("hello"), {"service.name": "cart"}, 10_000)
    assert read(line) == {
        "timestamp": "2026-11-22T01:02:03.000004Z",
        "level": "INFO",
        "message": "hello",
        "logger": "shop.cart",
        "thread.name": "MainThread",
        "process.pid": 7,
        "service.name": "cart",
        "user": "u1",
    }


def test_an_exception_has_type_message_and_stack_trace() -> None:
    try:
        raise KeyError("room")
    except KeyError:
        found = line_of(Logged("no", stacktrace="Traceback …"), exc_info=sys.exc_info())
    names = ("exception.type", "exception.message", "exception.stacktrace")
    assert [found[name] for name in names] == ["KeyError", "'room'", "Traceback …"]


def test_trace_ids_come_from_the_shell_from_instrumentation_or_from_the_program() -> None:
    ids = {"trace_id": "a" * 32, "span_id": "b" * 16}
    assert line_of(Logged("hello", None, "a" * 32, "b" * 16)).items() >= ids.items()
    assert line_of(otelTraceID="a" * 32, otelSpanID="b" * 16, otelServiceName="x").items() >= ids.items()
    assert line_of(**ids).items() >= ids.items()
    assert "trace_id" not in line_of(otelTraceID="0", otelSpanID="0")


def test_extra_fields_cannot_take_the_place_of_ours() -> None:
    found = line_of(level="mine", timestamp="mine", logger="mine")
    assert (found["level"], found["extra.level"], found["extra.timestamp"]) == ("INFO", "mine", "mine")


@pytest.mark.parametrize(
    ("name", "number", "text"),
    [("INFO", 20, "INFO"), ("SUCCESS", 25, "INFO"), ("Level 45", 45, "ERROR"), ("FINE-ISH", 3, "TRACE"),
     ("NOTICE", 25, "NOTICE"), ("CRITICAL", 50, "CRITICAL")],
)  # fmt: skip
def test_a_level_that_nobody_knows_is_shown_as_the_standard_one_below_it(name: str, number: int, text: str) -> None:
    assert level_text(record(levelname=name, levelno=number)) == text
    assert line_of(levelname=name, levelno=number).get("level_name", text) == name


class _Silent:
    def __str__(self) -> str:
        raise ValueError


def test_values_without_json_form_are_shown_as_text() -> None:
    circle: list[Any] = []
    circle.append(circle)
    found = line_of(
        nan=float("nan"), raw=b"\xff", keys={(1, 2): "x"}, silent=_Silent(), thing=SimpleNamespace(a=1), circle=circle
    )
    assert (found["nan"], found["raw"], found["keys"]) == ("nan", "\\xff", {"(1, 2)": "x"})
    assert found["silent"] == "<_Silent without text: ValueError>"
    assert found["thing"] == "namespace(a=1)"
    assert str(found["circle"]).count("…") == 1


def test_a_lone_surrogate_is_shown_as_its_escape() -> None:
    assert line_of(Logged("file \udcff\n"))["message"] == "file \\udcff\n"


@pytest.mark.parametrize("text", ["x" * 5000, "\x00" * 5000, "ü" * 5000, '"' * 5000, "𝄞" * 5000, "\udcff" * 5000])
def test_a_record_that_is_too_long_is_cut_and_says_so(text: str) -> None:
    whole = len(record_line(record(), Logged(text, stacktrace=text), {}, 1_000_000))
    line = record_line(record(more=text), Logged(text, stacktrace=text), {}, 1024)
    found = read(line)
    assert len(line) <= 1024
    assert found["original_bytes"] > whole
    assert found["truncated"] is True
    assert len(found["message"]) > 40


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.just(_Silent()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers()), inner),
    max_leaves=10,
)
names = st.text(min_size=1).filter(lambda name: name not in STANDARD)


@given(st.text(st.characters()), st.dictionaries(names, values, max_size=5), st.text(), st.integers(0, 60))
def test_any_record_is_read_back_by_the_streams_with_its_level(
    message: str, extra: dict[str, Any], level: str, number: int
) -> None:
    line = record_line(record(levelname=level, levelno=number, **extra), Logged(message), {}, 4096)
    content = line[:-1]
    assert b"\n" not in content
    assert len(line) <= 4096
    found = parser.PARSER.read(content)
    assert found is not None
    assert parser.PARSER.severity(dict(found)) > 0
    body = parser.PARSER.fields(content, found)["body"]
    if message.isascii() and "truncated" not in found:
        assert body == message


def test_what_was_dropped_is_told_by_one_record() -> None:
    found = read(loss_line({"INFO": 130, "DEBUG": 7}, "the memory was full", MOMENT))
    assert found["message"] == "137 log records of this process were dropped: the memory was full"
    assert (found["level"], found["dropped.records"]) == ("ERROR", 137)
    assert found["dropped.by_level"] == {"INFO": 130, "DEBUG": 7}
