"""What all tests share: hypothesis profiles, and one local stack of real servers for the whole session."""

import itertools
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from bench.pipeline import Pipeline
from deploy.local.stack import Stack
from tests import loghub

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True, print_blob=True)
settings.register_profile("thorough", parent=settings.get_profile("local"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "local"))


pytest_plugins = ["tests.tools.lanes", "tests.tools.left_out", "tests.tools.same_examples", "tests.tools.kube_fixtures"]
collect_ignore = [] if loghub.are_there() else [str(loghub.TESTS)]


def pytest_report_header() -> str:
    return loghub.header()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Real Kafka and Elasticsearch, in a folder that the servers' user can reach even when pytest's own is closed."""
    folder = Path(tempfile.mkdtemp(prefix="logferry-tests-"))
    folder.chmod(0o755)
    with Stack(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def logging_level() -> None:
    """Python's own: what ran before may have set up logging as a stage does, for this process too."""
    logging.getLogger().setLevel(logging.WARNING)


_numbers = itertools.count(1)

PipelineMaker = Callable[..., Pipeline]


@pytest.fixture
def new_pipeline(stack: Stack, tmp_path: Path) -> Iterator[PipelineMaker]:
    """Makes pipelines with topics, groups and indices of their own; whatever still runs at the end is killed."""
    made: list[Pipeline] = []

    def make(**changes: Any) -> Pipeline:
        name = f"t{os.getpid()}x{next(_numbers)}"
        folder = tmp_path / name
        folder.mkdir()
        where = stack.endpoints
        made.append(Pipeline(folder, name, where.bootstrap_servers, where.elasticsearch_url, **changes))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.__exit__()
