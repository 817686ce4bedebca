"""One secured broker, its authority and its token endpoint for the whole session."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bench.pipeline import Pipeline
from tests.secured.broker import SecuredKafka
from tests.secured.certificates import Authority, keystore
from tests.secured.modes import KEY_PASSWORD, PASSWORD, USERS, Secured
from tests.secured.pipelines import PipelineOf, make_pipeline
from tests.secured.tokens import TokenEndpoint


@pytest.fixture(scope="session")
def secured() -> Iterator[Secured]:
    """Broker, certificates and tokens."""
    folder = Path(tempfile.mkdtemp(prefix="logferry-secured-"))
    folder.chmod(0o755)
    authority = Authority(folder, "authority")
    expired = authority.issue("broker", valid=timedelta(days=-1), file="expired")
    stores = {"": keystore(*authority.issue("broker")), "EXPIRED": keystore(*expired)}
    tokens = TokenEndpoint(PASSWORD)
    kafka = SecuredKafka(folder / "kafka", stores, authority.ca, USERS, tokens.keys_url)
    kafka.start()
    try:
        yield Secured(folder, kafka, authority, tokens)
    finally:
        kafka.stop()
        tokens.stop()
        shutil.rmtree(folder, ignore_errors=True)


_numbers = count(1)


@pytest.fixture
def pipeline_of(secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PipelineOf]:
    """Makes pipelines that come to the secured broker; what still runs at the end is killed."""
    monkeypatch.setenv("TEST_KEY_PASSWORD", KEY_PASSWORD)
    made: list[Pipeline] = []

    def make(listener: str, properties: dict[str, Any]) -> Pipeline:
        name = f"secured{os.getpid()}x{next(_numbers)}"
        kafka = secured.kafka
        pipeline = make_pipeline(tmp_path / name, name, kafka.address("PLAINTEXT"), kafka.address(listener), properties)
        made.append(pipeline)
        return pipeline

    yield make
    for pipeline in made:
        pipeline.__exit__()
