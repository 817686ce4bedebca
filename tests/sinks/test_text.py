"""Records as lines of text, and documents with their id."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sinks.core.text import line, original, shown, with_id
from sinks.lines import LineBuilder, in_order
from tests.sinks.arrived import arrived, arrived_document
from tests.sinks.records import NOON, log_record


def record(body: str, **changes: Any) -> dict[str, Any]:
    return log_record(1, timestamp=NOON, body=body, original=None, severity_number=17, severity_text="E", **changes)


def test_a_line_is_time_tag_severity_and_message() -> None:
    tag = log_record(1)["resource"]["tag"]
    assert line(record("refused")) == f"2026-11-21T12:00:00.000000000Z {tag} ERROR refused\n".encode()


def test_an_unknown_severity_is_a_dash() -> None:
    assert b" - refused\n" in line(record("refused") | {"severity_number": 0, "severity_text": None})


def test_further_lines_of_a_message_are_indented() -> None:
    assert shown("Traceback:\n  File x\r\nKeyError\n") == "Traceback:\n      File x\n    KeyError"


def test_what_steers_a_terminal_is_shown_and_not_obeyed() -> None:
    assert shown("\x1b[31mred\x9b0m\x07\rover\ttab\u2028") == "\\x1b[31mred\\x9b0m\\x07\\x0dover\ttab\\x2028"


@given(st.text())
def test_a_message_of_any_text_begins_no_line_of_its_own(text: str) -> None:
    lines = shown(text).split("\n")
    assert all(each.startswith("    ") for each in lines[1:])
    assert not any(ord(char) < 32 and char != "\t" for each in lines for char in each)


def test_the_original_line_is_written_as_it_was() -> None:
    assert original(record("x")) == b"x\n"
    assert original(record("x") | {"original": '{"msg":"x"}'}) == b'{"msg":"x"}\n'


def test_half_a_surrogate_pair_stands_as_its_escape() -> None:
    assert original(record("a\ud800b")) == b"a\\ud800b\n"


@given(st.dictionaries(st.text(max_size=5).filter(lambda key: key != "id"), st.integers(), max_size=3))
def test_a_document_gets_its_id_and_keeps_all_else(document: dict[str, int]) -> None:
    for indent in (None, 1):
        text = json.dumps(document, indent=indent).encode()
        assert json.loads(with_id("AAE", text)) == {"id": "AAE", **document}


def test_lines_of_both_kinds_of_topics_are_the_same_but_for_what_was_changed() -> None:
    for form in ("json", "line", "original"):
        builder = LineBuilder(form, lambda _: False, with_fields=True)  # type: ignore[arg-type]
        of_avro, of_json = builder.build([arrived(7)]).pieces, builder.build([arrived_document(7)]).pieces
        assert of_avro == of_json


def test_a_topic_of_both_kinds_keeps_its_order() -> None:
    records = [arrived_document(1), arrived(2), arrived_document(3), arrived(4)]
    built = LineBuilder("json", lambda _: True).build(records)
    assert [each.offset() for each in built.records] == [2, 4, 1, 3]
    ordered = in_order(built)
    assert [each.offset() for each in ordered.records] == [1, 2, 3, 4]
    assert [json.loads(each.data)["logferry"]["offset"] for each in ordered.pieces] == [1, 2, 3, 4]
