"""A value becomes what the settings say that it is, or stays what it is."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.framing.attributes import json_text
from streams.core.parsers.typed import CONVERT

TYPES = [
    ("int", "+7", 7),
    ("int", " 0x1F ", 31),
    ("int", "9223372036854775807", 9223372036854775807),
    ("int", "9223372036854775808", "9223372036854775808"),
    ("int", "1_000", "1_000"),
    ("int", "\u0667", "\u0667"),
    ("int", "-", "-"),
    ("int", 3.0, 3),
    ("float", "1e3", 1000.0),
    ("float", "nan", "nan"),
    ("float", "1e999", "1e999"),
    ("float", 3, 3.0),
    ("bool", "Yes", True),
    ("bool", "0", False),
    ("bool", 1, True),
    ("bool", "perhaps", "perhaps"),
    ("json", '{"a":[1]}', {"a": [1]}),
    ("json", "{a}", "{a}"),
    ("string", 7, "7"),
    ("string", {"a": None}, '{"a":null}'),
    # Go's documentation of time.ParseDuration
    ("duration", "1h15m30.918273645s", 4530.918273645),
    ("duration", "-1.5h", -5400.0),
    ("duration", "1us", 0.000001),
    ("duration", "1\u00b5s", 0.000001),
    ("duration", "1\u03bcs", 0.000001),
    ("duration", "300ms", 0.3),
    # ISO 8601, 4.4.3.2
    ("duration", "P1DT12H", 129600.0),
    ("duration", "PT1M30.5S", 90.5),
    ("duration", "0.005", 0.005),
    ("duration", "1:02:03.5", 3723.5),
    ("duration", "02:03", 123.0),
    ("duration", "3 days, 2 hours", 266400.0),
    ("duration", 5, 5.0),
    ("duration", "P", "P"),
    ("duration", "3 parsecs", "3 parsecs"),
    ("duration", "", ""),
    ("bytes", "512", 512),
    ("bytes", "1.5 KiB", 1536),
    ("bytes", "2kB", 2000),
    ("bytes", "10M", 10_000_000),
    ("bytes", "1 byte", 1),
    ("bytes", "1 zb", "1 zb"),
    ("bytes", "9999999E", "9999999E"),
    # RFC 5952, 4
    ("ip", "2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
    ("ip", "[::1]", "::1"),
    ("ip", "192.0.2.1", "192.0.2.1"),
    ("ip", "192.0.2.256", "192.0.2.256"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), TYPES)
def test_a_value_is_of_its_type_or_stays_what_it_is(kind: str, value: object, expected: object) -> None:
    found = CONVERT[kind](value)
    assert (type(found), found) == (type(expected), expected)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", CONVERT)
@given(value=values | st.text("0123456789.:-+ePTHMSxkKiB", max_size=30))
@example(value="9" * 40)
@example(value="P" + "9" * 70 + "W")
@example(value="1e999")
def test_any_value_can_be_converted_and_written(kind: str, value: object) -> None:
    found = CONVERT[kind](value)
    assert isinstance(orjson.loads(json_text({"x": found})), dict)
    assert type(found) is not int or value is found or -(1 << 63) <= found < 1 << 63
