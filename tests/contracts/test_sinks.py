"""What every type of sink promises: once by what it says of itself, once by what it does.

What it does is seen in one scenario for each type (`tests.sinks.peers.scenario`), in front of a real or protocol-true
destination; all of them run at the same time, because most of it is waiting.
"""

from __future__ import annotations

import importlib
import importlib.util
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import pytest

from deploy.local.stack import Stack
from schemas.settings import Sink
from sinks.run import SINKS
from tests.sinks.peers.peer import PeerOfSink
from tests.sinks.peers.scenario import GARBAGE, MANY, SOME, Scenario, Seen

pytestmark = pytest.mark.timeout(300)

STOP_SECS = 15.0
"""Drained for 4 s, and a machine that is busy with the other types."""


def peer_of(kind: str) -> type[PeerOfSink]:
    found: type[PeerOfSink] = importlib.import_module(f"tests.sinks.peers.{kind}").Peer
    return found


def test_every_type_that_the_settings_know_can_be_run() -> None:
    models = get_args(get_args(Sink)[0])
    assert {get_args(model.model_fields["type"].annotation)[0] for model in models} == set(SINKS)


@pytest.mark.parametrize("kind", SINKS)
def test_a_sink_can_be_imported_and_runs_until_it_is_asked_to_stop(kind: str) -> None:
    module, name, _ = SINKS[kind]
    shell = getattr(importlib.import_module(module), name)
    assert callable(getattr(shell, "run", None) or shell.send)


@pytest.mark.parametrize("kind", SINKS)
def test_the_extra_that_a_sink_names_exists(kind: str) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert SINKS[kind][2] in project["project"]["optional-dependencies"]


@pytest.mark.parametrize("kind", SINKS)
def test_a_sink_tells_its_purpose_a_sample_and_its_delivery_guarantee(kind: str) -> None:
    told = importlib.import_module(SINKS[kind][0].rpartition(".")[0]).__doc__ or ""
    assert f"type: {kind}" in told
    assert "Delivery:" in told


@pytest.mark.parametrize("kind", SINKS)
def test_a_sink_that_promises_each_record_once_says_so(kind: str) -> None:
    told = importlib.import_module(SINKS[kind][0].rpartition(".")[0]).__doc__ or ""
    promise = " ".join(told.partition("Delivery:")[2].partition(".")[0].split())
    assert ("at least once" not in promise or ", and once" in promise) == peer_of(kind).once


# -- what it does --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scenarios(
    request: pytest.FixtureRequest, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Seen]]]:
    """Of all types of which a test was chosen."""

    def run(kind: str) -> Seen:
        return Scenario(kind, stack, folders[kind]).run()

    chosen = [item.callspec.params["kind"] for item in request.session.items if "seen" in item.fixturenames]
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in dict.fromkeys(chosen)}  # the factory is for one thread
    with ThreadPoolExecutor(len(SINKS)) as pool:
        yield {kind: pool.submit(run, kind) for kind in folders}


@pytest.fixture
def seen(kind: str, scenarios: dict[str, Future[Seen]]) -> Seen:
    return scenarios[kind].result()


@pytest.mark.parametrize("kind", SINKS)
def test_every_record_arrives_once(seen: Seen) -> None:
    assert (len(seen.at_first), set(seen.at_first.values())) == (2 * SOME, {1})


@pytest.mark.parametrize("kind", SINKS)
def test_what_cannot_be_read_goes_to_the_dead_letters_and_spoils_none_of_its_neighbours(kind: str, seen: Seen) -> None:
    peer = peer_of(kind)
    topics = 2 if peer.takes_documents else 1
    assert seen.spoiled == ([] if peer.takes_anything else sorted(GARBAGE * topics))


@pytest.mark.parametrize("kind", SINKS)
def test_nothing_is_committed_while_the_destination_is_away(seen: Seen) -> None:
    before, meanwhile, afterwards = seen.committed
    assert (meanwhile - before, afterwards - before) == (0, SOME)


@pytest.mark.parametrize("kind", SINKS)
def test_nothing_is_lost_while_the_destination_is_away(kind: str, seen: Seen) -> None:
    assert len(seen.after_absence) == 3 * SOME
    if peer_of(kind).once:
        assert set(seen.after_absence.values()) == {1}


@pytest.mark.parametrize("kind", SINKS)
def test_a_sink_stops_within_seconds_though_its_destination_is_away(seen: Seen) -> None:
    assert (seen.stopped_with, seen.committed_by_stopping) == (0, 0)
    assert seen.stopped_in_secs < STOP_SECS


@pytest.mark.parametrize("kind", SINKS)
def test_nothing_is_missing_after_a_kill_and_nothing_doubled_where_that_is_promised(
    kind: str, seen: Seen, scenarios: dict[str, Future[Seen]]
) -> None:
    assert len(seen.at_last) == 3 * SOME + MANY
    if peer_of(kind).once:
        assert set(seen.at_last.values()) == {1}
