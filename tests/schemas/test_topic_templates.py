"""Topic names made from fields, and patterns over topic names."""

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.topic_templates import TopicTemplate, TopicTemplateError, read_template, share_names, topic_regex


@pytest.mark.parametrize(
    ("text", "fields", "pattern", "other"),
    [
        ("logs.app", (), "logs.app", "logs.app"),
        ("logs.ns.{namespace}", ("namespace",), "logs.ns.*", "logs.ns.other"),
        ("a{label.x/y}-{node}", ("label.x/y", "node"), "a*-*", "aother-other"),
    ],
)
def test_a_template_knows_its_fields(text: str, fields: tuple[str, ...], pattern: str, other: str):
    template = read_template(text)
    assert (template.fields, template.pattern, template.other) == (fields, pattern, other)


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("logs.{pod}", "nothing is known as {pod}", "{namespace}, {container}, {node}, {label.<name>}"),
        ("logs.{label.}", "nothing is known as {label.}", "choose"),
        ("logs.{}", "nothing is known as {}", "choose"),
        ("{namespace}", "leaves it to a field how the name begins", "logs.ns.{namespace}"),
        ("_{label.x}", "leaves it to a field how the name begins", "begin with a text"),
        ("logs.{namespace", "cannot name a Kafka topic", "logs.app"),
        ("logs.namespace}", "cannot name a Kafka topic", "logs.app"),
        ("logs app", "cannot name a Kafka topic", "logs.app"),
        ("", "cannot name a Kafka topic", "logs.app"),
        ("..", "cannot name a Kafka topic", "logs.app"),
        ("x" * 250, "cannot name a Kafka topic", "logs.app"),
    ],
)
def test_a_bad_template_is_refused_with_what_to_do(text: str, problem: str, remedy: str):
    with pytest.raises(TopicTemplateError) as caught:
        read_template(text)
    assert (problem in caught.value.problem, remedy in caught.value.remedy) == (True, True)


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ("logs.app", "logs.app", True),
        ("logs.app", "logs.ap", False),
        ("logs.{namespace}", "logs.app", False),
        ("logs.{namespace}", "logs.other", True),
        ("logs.{namespace}", "logs.{label.app}", True),
        ("logs.a.{namespace}", "logs.{label.app}", True),
        ("logs.a.{namespace}", "logs.b.{namespace}", False),
    ],
)
def test_templates_meet_where_only_running_could_tell_them_apart(one: str, other: str, meets: bool):
    found = (TopicTemplate(one).meets(TopicTemplate(other)), TopicTemplate(other).meets(TopicTemplate(one)))
    assert found == (meets, meets)


PATTERNS = st.text("ab.*", max_size=6)
NAMES = st.text("ab.", max_size=6)


@given(PATTERNS, NAMES)
def test_a_star_stands_for_any_text_and_nothing_else_for_another(pattern: str, name: str):
    assert bool(re.fullmatch(topic_regex(pattern), name)) == fnmatchcase(name, pattern)


@given(PATTERNS, PATTERNS)
def test_two_patterns_share_a_name_just_when_there_is_one(one: str, other: str):
    """Whatever two such patterns share, they share a name that is no longer than both together."""
    shared = share_names(one, other)
    assert shared == share_names(other, one)
    assert shared == _some_name(one, other)


def _some_name(one: str, other: str) -> bool:
    """The product of both as automata, tried out with every character."""
    seen, waiting = set(), [(0, 0)]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        left, right = place
        if one[left:].strip("*") == "" and other[right:].strip("*") == "":
            return True
        for character in "ab.":
            waiting += [(i, j) for i in _after(one, left, character) for j in _after(other, right, character)]
    return False


def _after(pattern: str, at: int, character: str) -> list[int]:
    """Where a pattern may stand when a character has come."""
    found = []
    while pattern[at : at + 1] == "*":
        found.append(at)
        at += 1
    return [*found, *([at + 1] if pattern[at : at + 1] == character else [])]


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_values_make_a_name_that_the_template_describes_unless_it_had_to_be_cut(one: str, two: str):
    template = read_template("logs.{label.a}.{label.b}")
    name = template.name({"label.a": one, "label.b": two}.__getitem__)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name)
    assert template.describes(name) or len(name) == 249
