"""Stream workers are killed, stopped and started under load: every event comes out as one record, and nothing else."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from bench.stream_events import Source, Verdict, event, pieces_of
from bench.stream_faults import run, settings
from tests.conftest import PipelineMaker

pytestmark = pytest.mark.timeout(240)


def test_workers_that_come_and_go_neither_lose_nor_alter_nor_make_up_a_record(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline(**settings())
    found = run(pipeline, secs=24, lines_per_sec=1500, containers=8, every_secs=4, rotate_secs=3)
    events, doubles = found["events"], found["doubles"]
    wanted = asdict(Verdict(events=events, documents=events, doubles=doubles))
    assert {name: found[name] for name in wanted} == wanted, pipeline.tails()
    assert (found["kills"] > 1, found["stops"] > 0, found["rotations"] > 20, events > 5000) == (True,) * 4
    assert found["slowest_stop_secs"] < 15


def test_the_oracle_knows_events_of_one_line_and_of_many_and_all_in_pieces() -> None:
    source = Source(3, "stderr")
    events = [event(source, number) for number in range(200)]
    cut = [b"".join(content for _, content in pieces_of(source, number)).decode() for number in range(200)]
    assert cut == ["".join(lines) for lines in events]
    assert {len(lines) > 1 for lines in events} == {True, False}
    assert any(name.endswith(b"P") for number in range(200) for name, _ in pieces_of(source, number))
