"""What is over a limit is kept as text; what is within stays as it is."""

import json
import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.settings.transform import AttributeSettings
from streams.core.attribute_limits import NAME_MAX, NAMESPACES_REMEMBERED, AttributeLimits, cut


def limited(attributes: dict[str, Any], **limits: int) -> dict[str, Any]:
    return AttributeLimits(AttributeSettings(**limits)).apply(attributes, "shop")


def test_attributes_within_the_limits_stay_the_same_object() -> None:
    limits = AttributeLimits(AttributeSettings())
    for attributes in ({"a": 1, "b": "x", "c": None}, {"a": {"b": [1, {"c": 2}]}}, {"t": "x" * 60_000}, {}):
        for _ in range(2):
            assert limits.apply(attributes, "shop") is attributes


def test_the_first_stay_and_the_rest_is_text() -> None:
    attributes = {"a": 1, "b": {"c": 2, "d": 3}, "e": 4, "f": {"g": "x"}}
    assert limited(attributes, max_count=3) == {
        "a": 1,
        "b": {"c": 2, "d": 3},
        "overflow": '{"e":4,"f":{"g":"x"}}',
    }


def test_an_object_is_divided_between_its_members() -> None:
    assert limited({"a": {"b": 1, "c": {"d": 2, "e": 3}}}, max_count=2) == {
        "a": {"b": 1, "c": {"d": 2}},
        "overflow": '{"a":{"c":{"e":3}}}',
    }


def test_lists_count_as_what_is_in_them() -> None:
    attributes = {"a": [1, 2, 3], "b": [{"c": 1}, {"d": 2}], "e": 1}
    assert limited(attributes, max_count=3) == {"a": [1, 2, 3], "b": [{"c": 1}, {"d": 2}], "overflow": '{"e":1}'}


def test_what_is_too_deep_is_its_text() -> None:
    attributes = {"a": {"b": {"c": {"d": 1}}, "l": [[[1]]]}}
    assert limited(attributes, max_depth=1) == {"a": '{"b":{"c":{"d":1}},"l":[[[1]]]}'}
    assert limited(attributes, max_depth=2) == {"a": {"b": '{"c":{"d":1}}', "l": "[[[1]]]"}}
    assert limited(attributes, max_depth=3) == {"a": {"b": {"c": '{"d":1}'}, "l": ["[[1]]"]}}
    assert limited(attributes, max_depth=4) == {"a": {"b": {"c": {"d": 1}}, "l": [["[1]"]]}}
    assert limited(attributes, max_depth=5) == attributes


def test_what_is_too_large_overflows_and_is_cut_between_characters() -> None:
    found = limited({"a": "x", "b": "é" * 2000, "c": "y"}, max_bytes=1024)
    assert list(found) == ["a", "c", "overflow"]
    assert found["overflow"].startswith('{"b":"ééé')
    assert found["overflow"].endswith("é…")
    assert 1021 <= len(found["overflow"].encode()) <= 1024


def test_an_attribute_named_overflow_is_no_exception() -> None:
    assert limited({"overflow": 1}) == {"overflow": 1}
    assert limited({"overflow": 1, "a": 2}, max_count=1) == {"overflow": '{"a":2,"overflow":1}'}


def test_long_names_overflow() -> None:
    name = "n" * (NAME_MAX + 1)
    assert limited({name: 1, "a": 2}) == {"a": 2, "overflow": json.dumps({name: 1}, separators=(",", ":"))}


def test_a_namespace_has_so_many_names_and_the_first_are_kept() -> None:
    limits = AttributeLimits(AttributeSettings(keys_per_namespace_max=3))
    assert limits.apply({"a": 1, "b": {"c": 2}}, "shop") == {"a": 1, "b": {"c": 2}}
    assert limits.apply({"d": 1, "e": 2, "a": 3}, "shop") == {"d": 1, "a": 3, "overflow": '{"e":2}'}
    assert limits.apply({"e": 1}, "shop") == {"overflow": '{"e":1}'}
    assert limits.apply({"e": 1}, "other") == {"e": 1}
    assert limits.apply({"d": 1, "b": {"c": 1, "x": 2}}, "shop") == {"d": 1, "b": {"c": 1}, "overflow": '{"b":{"x":2}}'}


def test_an_object_is_not_known_by_the_name_of_a_value() -> None:
    limits = AttributeLimits(AttributeSettings(keys_per_namespace_max=1))
    limits.apply({"a": 1}, "shop")
    assert limits.apply({"a": {"b": 1}}, "shop") == {"overflow": '{"a":{"b":1}}'}


def test_an_object_that_was_seen_before_is_still_measured() -> None:
    limits = AttributeLimits(AttributeSettings(max_count=3))
    small = {"a": {"b": 1, "c": "x"}}
    assert limits.apply({"x": 1, "y": 2}, "shop") == {"x": 1, "y": 2}
    assert [limits.apply(small, "shop") is small for _ in range(2)] == [True, True]
    assert limits.apply({"a": {"b": 1, "c": "x" * 70_000}}, "shop")["a"] == {"b": 1}
    assert limits.apply({"a": {"b": 1, "c": {"d": 1, "e": 2, "f": 3}}}, "shop")["overflow"] == '{"a":{"c":{"f":3}}}'
    assert limits.apply({"a": {"b": 1, "c": "x"}, "x": 1, "y": 2}, "shop")["overflow"] == '{"y":2}'
    assert limits.apply(small, "other") is small


def test_only_so_many_namespaces_are_remembered_and_the_latest_of_them() -> None:
    limits = AttributeLimits(AttributeSettings(keys_per_namespace_max=1))
    limits.apply({"a": 1}, "first")
    limits.apply({"a": 1}, "second")
    for number in range(NAMESPACES_REMEMBERED - 2):
        limits.apply({"a": 1}, f"n{number}")
    limits.apply({"a": 1}, "first")
    limits.apply({"a": 1}, "one more")
    assert limits.apply({"b": 1}, "first") == {"overflow": '{"b":1}'}
    assert limits.apply({"b": 1}, "second") == {"b": 1}


def test_text_is_cut_between_characters() -> None:
    assert [cut("aéa", size) for size in (5, 4, 3, 0)] == ["aéa", "aéa", "…", "…"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(string.printable + "é\u2028", max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner, max_size=4),
    max_leaves=25,
)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def leaves(value: Any, path: str) -> set[str]:
    if isinstance(value, dict) and value:
        return set().union(*(leaves(each, f"{path}.{name}") for name, each in value.items()))
    if isinstance(value, list) and value:
        return set().union(*(leaves(each, path) for each in value))
    return {path}


def size(value: Any, path: str) -> int:
    if isinstance(value, dict) and value:
        return sum(size(each, f"{path}.{name}") for name, each in value.items())
    return len(path.encode()) + (len(value.encode()) if isinstance(value, str) else 0)


@given(st.lists(st.dictionaries(st.text("abc", min_size=1, max_size=2), VALUES, max_size=8), max_size=4))
def test_no_limit_is_ever_passed(records: list[dict[str, Any]]) -> None:
    limits = AttributeLimits(AttributeSettings(max_count=5, max_depth=3, max_bytes=1024, keys_per_namespace_max=8))
    seen: set[str] = set()
    for attributes in records:
        before = repr(attributes)
        found = dict(limits.apply(attributes, "shop"))
        assert repr(attributes) == before
        assert len(found.pop("overflow", "").encode()) <= 1024
        names = set().union(*(leaves(value, name) for name, value in found.items()))
        seen |= names
        assert len(names) <= 5
        assert len(seen) <= 8
        assert all(depth(value) <= 2 for value in found.values())
        assert sum(size(value, name) for name, value in found.items()) <= 1024
        assert set(found) <= set(attributes)
