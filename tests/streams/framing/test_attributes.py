"""Attributes are one JSON object in one line, whatever sources tell."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from streams.core.framing.attributes import json_text, merged

keys = st.sampled_from(["a", "b", 'q"', "é", "a.b"]) | st.text(max_size=4)
objects = st.dictionaries(keys, st.none() | st.integers(-9, 9) | keys, max_size=4)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.binary(max_size=4)
    | st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2) | st.binary(max_size=2) | st.integers(), inner)
    ),
    max_leaves=8,
)


@given(objects, objects)
def test_of_two_sets_that_have_a_name_the_first_keeps_its_value_and_its_place(
    one: dict[str, object], two: dict[str, object]
) -> None:
    together = merged(one, two)
    assert together == {**two, **one}
    assert list(together)[: len(one)] == list(one)


@given(anything)
def test_any_value_can_be_written_in_one_line(value: object) -> None:
    text = json_text(value)
    orjson.loads(text)
    assert "\n" not in text
    text.encode()
