"""Whatever stands in logs.raw, under whatever rules: no exception, nothing waits for ever, every line is accounted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.anything.chunks import Taste
from bench.anything.properties import PROPERTIES
from bench.anything.standins import short_limits
from bench.fuzz_streams import lines_of

TASTE = Taste(lines=lines_of(Path(__file__).parent / "golden"))


@pytest.fixture(autouse=True, scope="module")
def _short_lines_are_long() -> Iterator[None]:
    with short_limits():
        yield


@pytest.mark.parametrize("name", PROPERTIES)
@given(random=st.randoms(use_true_random=False))
def test_it_holds_for_anything(name: str, random: Random) -> None:
    problems, _ = PROPERTIES[name](random, TASTE)
    assert problems == []
