"""Whatever stands in logs.raw, under whatever rules: no exception, no chunk that waits for ever, every line accounted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bench.anything.chunks import Taste, values
from bench.anything.offline import Clock, Offline, running, short_limits
from bench.anything.settings import settings

GOLDEN = Path(__file__).parent / "golden"
LINES = tuple(
    line.encode()
    for path in sorted(GOLDEN.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    if isinstance(line := case.get("line"), str)
)


@pytest.fixture(autouse=True, scope="module")
def _short_lines_are_long() -> Iterator[None]:
    with short_limits():
        yield


@given(st.randoms(use_true_random=False))
def test_anything_is_accounted_for_and_acknowledged(random: Random) -> None:
    clock = Clock()
    with running(clock):
        worker = Offline(settings(random), clock)
        worker.drive(random, values(random, Taste(lines=LINES)))
    assert worker.problems() == []
