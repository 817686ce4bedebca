"""What all tests of the logging handler share: handlers that end, and no identity from outside."""

from __future__ import annotations

import logging
import logging.config
import logging.handlers
from collections.abc import Iterator
from typing import Any

import pytest

from producers.handler import KafkaHandler
from tests.producers.handler.arrived import Maker

VARIABLES = ("POD_NAMESPACE", "POD_NAME", "POD_UID", "CONTAINER_NAME", "NODE_NAME", "LOGFERRY_CONFIG")


@pytest.fixture(autouse=True)
def _outside_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make() -> Iterator[Maker]:
    """Makes handlers; those without Kafka end soon."""
    made: list[KafkaHandler] = []

    def handler(*arguments: Any, **options: Any) -> KafkaHandler:
        made.append(KafkaHandler(*arguments, **options))
        return made[-1]

    yield handler
    for each in made:
        each._flush_timeout_secs = 0.1
        each.close()


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger of the test's own, outside the tree."""
    logger = logging.Logger("shop.cart")  # noqa: LOG001 - nobody else's
    yield logger
    logger.handlers.clear()
