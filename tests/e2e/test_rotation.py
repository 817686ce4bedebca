"""While a file exists none of its lines is lost, and once it is gone the ledger says exactly which lines were lost.

kubelet keeps five files of a container: a producer that had read everything may miss four rotations.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.pipeline import Pipeline
from bench.rotation import Arrived, Findings, Rotated, arrived, judged
from tests.conftest import PipelineMaker
from tests.e2e.dying_node import expect_all_read

pytestmark = pytest.mark.timeout(200)

FILES = 20
PAUSES = [("SIGTERM", k) for k in range(7)] + [("SIGKILL", k) for k in (0, 4, 5, 6)]
STILL_THERE = 4
"""Rotations after which a file that was live before them still exists."""


@pytest.fixture
def pipeline(new_pipeline: PipelineMaker) -> Pipeline:
    return new_pipeline(producer={"checkpoint_interval_secs": 0.2, "node": "node-1"})


@pytest.fixture
def containers(pipeline: Pipeline) -> Iterator[list[Rotated]]:
    made = [Rotated(pipeline.node, f"app-{number:02d}") for number in range(FILES)]
    yield made
    for each in made:
        each.close()


def rotate_all(containers: list[Rotated], times: int) -> None:
    for _ in range(times):
        for each in containers:
            each.rotate()
            each.write(5)


def pause(pipeline: Pipeline, containers: list[Rotated], how: str, rotations: int) -> None:
    """Stop a producer that has read everything, for so many rotations, and let it catch up again."""
    if how == "SIGTERM":
        assert pipeline.stop("produce") == 0
    else:
        pipeline.kill("produce")
    for each in containers:
        each.write(5)
    rotate_all(containers, rotations)
    pipeline.start("produce")
    expect_all_read(pipeline, containers)


def test_what_is_reported_as_lost_is_what_is_lost(pipeline: Pipeline, containers: list[Rotated]) -> None:
    lost = set()
    pipeline.start("produce")
    rotate_all(containers, 1)
    expect_all_read(pipeline, containers)
    for how, rotations in PAUSES:
        first = {each.pod: (len(each.files) - 1, len(each.files[-1])) for each in containers}
        pause(pipeline, containers, how, rotations)
        for each in containers:
            gone = first[each.pod][0] + max(0, rotations - STILL_THERE)
            lost |= {(each.pod, line) for line in each.written_at if first[each.pod] <= line < (gone, 0)}
    findings = judged(containers, arrived(pipeline))
    beyond = sum(rotations > STILL_THERE for _, rotations in PAUSES)
    assert findings == Findings(written=findings.written, missing=len(lost), reported=len(lost), reports=beyond * FILES)
    assert pipeline.stop("produce") == 0


def test_no_line_is_lost_by_rotations_while_the_producer_runs(pipeline: Pipeline, containers: list[Rotated]) -> None:
    pipeline.start("produce")
    expected = 0
    for _ in range(10):
        rotate_all(containers, 2)
        expected = sum(len(each.written_at) for each in containers)
        expect_all_read(pipeline, containers)
    assert judged(containers, arrived(pipeline)) == Findings(written=expected)


def test_the_judge_finds_what_is_missing_and_what_is_falsely_reported(tmp_path: Path) -> None:
    container = Rotated(tmp_path, "app")
    container.write(3)
    container.rotate()
    container.write(2)
    container.close()
    first, second = container.lives()
    there = Arrived({first: [(0, bytes(container.files[0]))], second: [(0, b"x")]}, {})
    findings = judged([container], there)
    assert (findings.missing, findings.silent, findings.false, findings.altered) == (2, 2, 0, 1)
    entry = {"incarnation": first.hex(), "start": 0, "end": 1, "open_end": True, "next_incarnation": second.hex()}
    findings = judged([container], Arrived(there.chunks, {container.source: [entry]}))
    assert (findings.silent, findings.false, findings.reports) == (2, 3, 1)
