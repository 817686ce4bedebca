"""A stream worker that lacks a right ends when it is told to, also while Faust still waits for what it never gets."""

import time

import pytest

from tests.secured.modes import Secured
from tests.secured.pipelines import PipelineOf, wait_for
from tests.secured.test_rights import give, printed, start_as

STOP_SECS = 15.0


@pytest.mark.parametrize("missing", ["raw", "-stream"], ids=["topic", "group"])
def test_a_worker_without_rights_ends_soon_after_sigterm(
    secured: Secured, pipeline_of: PipelineOf, missing: str
) -> None:
    pipeline = pipeline_of("SECURE", secured.login("SCRAM-SHA-512"))
    all_rights = printed(pipeline)
    rights = [each for each in all_rights if each.name.removeprefix(pipeline.index).strip(".") != missing]
    assert len(rights) < len(all_rights)
    give(secured, rights)
    start_as(secured, pipeline, "stream")
    wait_for(lambda: "live rules in force" in pipeline.log("stream"), pipeline.tails)
    time.sleep(3)
    assert pipeline.processes["stream"].poll() is None, pipeline.tails()
    began = time.monotonic()
    pipeline.stop("stream", STOP_SECS)
    assert time.monotonic() - began < STOP_SECS
