"""Attributes, a JSON object a record, as a map column of texts and as typed columns of those that are promoted.

A value that is a text stands in the map as it is; any other stands as JSON: ``404``, ``true``, ``{"a":1}``. A promoted
attribute is in both; a value of another type than its column's is null there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any, Final

import orjson
import pyarrow as pa

TEXTS: Final = pa.map_(pa.string(), pa.string())

Object = dict[str, Any]


def parsed(texts: Sequence[str]) -> list[Object]:
    """The objects that texts stand for; what is none stands under ``attributes``, so that nothing is lost."""
    try:
        objects = list(map(orjson.loads, texts))
    except orjson.JSONDecodeError:
        objects = list(map(_parsed, texts))
    if set(map(type, objects)) <= {dict}:
        return objects
    return [each if type(each) is dict else {"attributes": each} for each in objects]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)  # takes half surrogate pairs, which orjson refuses
    except ValueError:
        return text


def attribute_map(objects: Sequence[Object]) -> pa.MapArray:
    """The map column."""
    ends = pa.array(list(accumulate(map(len, objects), initial=0)), pa.int32())
    keys = list(chain.from_iterable(objects))
    values = [
        each if each.__class__ is str else _TEXT_OF[each.__class__](each)
        for each in chain.from_iterable(map(dict.values, objects))
    ]
    return pa.MapArray.from_arrays(ends, _strings(keys), _strings(values))


def _strings(texts: list[str | None] | list[str]) -> pa.Array:
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half a surrogate pair, as text
        whole = [each and each.encode("utf-8", "backslashreplace").decode() for each in texts]
        return pa.array(whole, pa.string())


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half a surrogate pair, or a number beyond 64 bits
        return json.dumps(value, separators=(",", ":"))


_TEXT_OF: Final[Mapping[type, Callable[[Any], str]]] = {
    int: str,
    float: _json,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "null",
    dict: _json,
    list: _json,
}


def promoted(objects: Sequence[Object], name: str, type_: str) -> pa.Array:
    """The typed column of one attribute."""
    column, python_types = PROMOTED[type_]
    values = [each.get(name) for each in objects]
    if not set(map(type, values)) <= {*python_types, type(None)}:
        values = [value if type(value) in python_types else None for value in values]
    if type_ == "string":
        return _strings(values)
    try:
        return pa.array(values, column)
    except (OverflowError, pa.ArrowInvalid):
        return pa.array([value if _fits(value, column) else None for value in values], column)


def _fits(value: Any, column: pa.DataType) -> bool:
    """Whether a number is one of the column's; whole numbers above 2^53 are not among 64-bit floats."""
    try:
        pa.scalar(value, column)
    except (OverflowError, pa.ArrowInvalid):
        return False
    return True


PROMOTED: Final[Mapping[str, tuple[pa.DataType, frozenset[type]]]] = {
    "string": (pa.string(), frozenset({str})),
    "int64": (pa.int64(), frozenset({int})),
    "float64": (pa.float64(), frozenset({int, float})),
    "bool": (pa.bool_(), frozenset({bool})),
}
"""Type of a promoted attribute -> type of its column, and Python's types of the values that it takes."""
