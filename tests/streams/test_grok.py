"""Grok expressions mean what they say, take linear time, and mistakes in them are told where they are."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.errors import SettingsError
from streams.core.parsers.grok import check_patterns, grok_pattern
from tests.streams.grokking import found


def test_fields_may_be_named_as_logstash_does() -> None:
    assert found("%{WORD:[http][request][method]} %{WORD:http.route}", "GET x") == {
        "http.request.method": "GET",
        "http.route": "x",
    }
    assert found("(?<queue.id>[0-9A-F]{10})", "BEF25A72965") == {"queue.id": "BEF25A7296"}


def test_types_are_given_behind_the_field() -> None:
    grok = grok_pattern("%{NUMBER:took:float} %{A}", {"A": "%{INT:status:int}"})
    assert grok.types == {"took": "float", "status": "int"}


def test_a_field_may_stand_in_several_branches() -> None:
    expression = "^(?:a=%{INT:n}|b=%{WORD:n})$"
    assert [found(expression, line) for line in ("a=1", "b=x")] == [{"n": "1"}, {"n": "x"}]


def test_own_patterns_refer_to_each_other_and_to_the_library() -> None:
    assert found("%{PAIR}", "a=1", PAIR="%{KEY:key}=%{INT:value}", KEY="[a-z]+") == {"key": "a", "value": "1"}


def test_an_own_pattern_goes_before_the_library() -> None:
    assert found("^%{WORD:w}", "abc", WORD="ab") == {"w": "ab"}
    assert found("^%{USER:w}", "abc", USERNAME="a") == {"w": "a"}


def test_alternatives_of_a_pattern_stay_inside_it() -> None:
    assert found("^x%{A:a}y$", "xby", A="a|b") == {"a": "b"}
    assert found("^x%{A}y$", "b", A="a|b") is None


def test_escaped_signs_and_classes_are_left_alone() -> None:
    assert found(r"^\%\{X} %\{IP} [(%\{]+%{INT:n}[]()]\)$", "%{X} %{IP} (%{7])") == {"n": "7"}
    assert found(r"^[(]%{INT:n}[])]\)\Q(%\E$", "(7])(%") == {"n": "7"}


MISTAKES = [
    ("%{IPP:a}", "there is no pattern IPP (character 1)", "did you mean IP?"),
    ("x %{QQQQQQ}", "there is no pattern QQQQQQ (character 3)", "define it under patterns"),
    ("%{A}", "A → B → A", "write one of them out"),
    ("%{IP:a:integer}", "there is no type integer (character 1)", "did you mean int?"),
    ("%{IP:a b}", "'a b' at character 1 cannot name a field", "letters"),
    ("a %{IP", "%{IP at character 3 is no reference", "%{NAME:field}"),
    ("%{}", "%{} at character 1 is no reference", "%{NAME}"),
    ("%{IP:a} (", "wrong at character 9: missing )", ""),
    ("%{IP:a}) x", "wrong at character 8: unexpected )", ""),
    ("%{IP:a} [z", "wrong at character 9: missing ]", ""),
    ("%{IP:a} (?<!x)", "wrong at character 9: invalid perl operator", "no look-ahead and no look-behind"),
    ("%{IP:a} (?>x)", "wrong at character 9: invalid perl operator", "never goes back"),
    ("%{IP:a} x++", "wrong at character 10", "never goes back"),
    (r"(%{IP:a}) \1", r"wrong at character 11: invalid escape sequence \1", "cannot refer back"),
    ("x{5000}", "wrong at character 2", "at most 1000"),
    ("%{DEEP}", "more than 100000 characters", "fewer"),
]
OWN = {"A": "%{B}", "B": "%{A}", "D0": "x" * 500, "DEEP": "%{D5}"} | {
    f"D{level}": f"%{{D{level - 1}}}" * 20 for level in range(1, 6)
}


@pytest.mark.parametrize(("expression", "problem", "remedy"), MISTAKES)
def test_a_mistake_is_told_with_its_place(expression: str, problem: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        grok_pattern(expression, OWN)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_a_mistake_in_an_own_pattern_is_told_once_and_there() -> None:
    wrong = check_patterns({"A": "%{B}", "B": "(x", "my-name": "x"})
    assert {name: error.problem for name, error in wrong.items()} == {
        "B": "the expression is wrong at character 1: missing )",
        "my-name": "'my-name' cannot name a pattern",
    }
    assert set(check_patterns({"A": "%{B}", "B": "%{A}", "C": "%{INT}"})) == {"A", "B"}


EVIL = [(b"a" * 1_000_000, "(a*)*(?P<x>b)"), (b'"' * 500_000, "%{QUOTEDSTRING:x}$"), (b"a.b" * 300_000, "%{URI:x}")]


@pytest.mark.parametrize(("line", "expression"), EVIL)
def test_a_line_of_a_megabyte_takes_linear_time(line: bytes, expression: str) -> None:
    pattern = grok_pattern(expression, {}).pattern
    began = time.process_time()
    pattern.search(line)
    assert time.process_time() - began < 5


@given(st.text(max_size=30) | st.text("%{}:()[]\\?<>PIWORD*+|^", max_size=30))
@example("%{IP:[a][b]}")
@example("(?P<a>")
@example("\\")
def test_any_text_is_an_expression_or_a_mistake_that_says_what_to_do(text: str) -> None:
    mistake = None
    try:
        grok_pattern(text, {})
    except SettingsError as error:
        mistake = error
    assert mistake is None or (mistake.problem and mistake.remedy)
