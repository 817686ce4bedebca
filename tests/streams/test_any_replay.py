"""Whatever stops and starts again, the same bytes make the same records."""

from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core import process
from tests.streams.replay import logs, run_through, run_with_crashes, straight
from tests.streams.source import LONG_LINE_BYTES, Reading, sources


@pytest.fixture(autouse=True, scope="module")
def _short_lines_are_long() -> Iterator[None]:
    with mock.patch.object(process, "LONG_LINE_BYTES", LONG_LINE_BYTES):
        yield


@given(sources())
def test_an_uninterrupted_pass_makes_the_records_that_a_plain_reader_finds(files):
    assert run_through(straight(files)).reading == Reading().read(files)


@given(st.data(), sources())
def test_chunks_cut_anywhere_make_the_same_records(data, files):
    log = data.draw(logs(files, restarts=0))
    assert run_through(log).reading == Reading().read(files)


@given(st.data(), sources())
def test_chunks_repeated_by_a_restarted_producer_make_the_same_records(data, files):
    log = data.draw(logs(files))
    assert run_through(log).reading == Reading().read(files)


@given(st.data(), sources())
def test_workers_that_lose_everything_at_any_moment_make_the_same_records(data, files):
    log = data.draw(logs(files, restarts=0))
    assert run_with_crashes(data, log).reading == Reading().read(files)


@given(st.data(), sources())
def test_producer_and_workers_that_stop_at_any_moment_make_the_same_records(data, files):
    log = data.draw(logs(files))
    assert run_with_crashes(data, log).reading == Reading().read(files)
