"""Globs mean what Python's fnmatch means, at bounded cost."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.globs import compile_globs


@pytest.mark.parametrize(
    ("globs", "fitting", "other"),
    [
        (("shop",), ["shop"], ["Shop", "shop1", ""]),
        (("shop-*", "dev"), ["shop-", "shop-1", "dev"], ["shop", "dev1"]),
        (("*",), ["", "a", "a.b", "a\nb"], []),
        (("?",), ["a", "."], ["", "ab"]),
        (("v[0-9]", "[!v]x"), ["v1", "ax"], ["va", "vx"]),
        (("a.b",), ["a.b"], ["axb"]),
        ((), [], ["", "a"]),
    ],
)
def test_any_of_the_globs_describes_the_whole_name(globs: tuple[str, ...], fitting: list[str], other: list[str]):
    fits = compile_globs(globs)
    assert {name: fits(name) for name in fitting + other} == dict.fromkeys(fitting, True) | dict.fromkeys(other, False)


@given(st.lists(st.text("ab*?[]!-"), max_size=4), st.text("ab[]!-"))
def test_any_text_is_a_glob(globs: list[str], name: str):
    assert compile_globs(globs)(name) == any(fnmatchcase(name, glob) for glob in globs)


def test_a_hostile_glob_ends_all_the_same():
    assert not compile_globs(["*a" * 60 + "b"])("a" * 2000)
