"""Two sides in one order, however their pages fall: what is on one only, and which fields differ."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deploy.replay.compare import Comparison, Document, compare, flat

SOURCES = st.dictionaries(
    st.sampled_from(["log", "severity"]),
    st.one_of(st.integers(0, 1), st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 1), max_size=2)),
    max_size=2,
)
SIDES = st.dictionaries(
    st.tuples(st.sampled_from(["0a", "0b"]), st.integers(0, 3), st.sampled_from(["x", "y"])), SOURCES, max_size=8
)


def documents(side: dict[tuple[str, int, str], Any]) -> list[Document]:
    found = [Document((life, at), f"{life}{at}{name}", source) for (life, at, name), source in side.items()]
    return sorted(found, key=lambda each: each.place)  # as Elasticsearch gives them: those of one place in any order


@given(SIDES, SIDES)
def test_every_id_is_counted_once_as_what_it_is(old: dict[Any, Any], new: dict[Any, Any]) -> None:
    found = compare(documents(old), documents(new), Comparison())
    both = old.keys() & new.keys()
    changed = [key for key in both if flat(old[key]) != flat(new[key])]
    assert (found.only_old, found.only_new) == (len(old.keys() - both), len(new.keys() - both))
    assert (found.same, found.changed) == (len(both) - len(changed), len(changed))
    assert found.is_same == (old.keys() == new.keys() and not changed)


def test_fields_that_differ_are_counted_with_examples() -> None:
    old = [Document(("a", at), str(at), {"log": "x", "attributes": {"code": at, "same": 1}}) for at in range(5)]
    new = [Document(("a", at), str(at), {"log": "x", "attributes": {"same": 1}, "parser": "p"}) for at in range(5)]
    found = compare(old, new, Comparison(examples_max=2))
    assert found.fields == {"attributes.code": 5, "parser": 5}
    assert [(each.id, each.field, each.old, each.new) for each in found.examples] == [
        ("0", "attributes.code", 0, "(absent)"),
        ("0", "parser", "(absent)", "p"),
        ("1", "attributes.code", 1, "(absent)"),
        ("1", "parser", "(absent)", "p"),
    ]
