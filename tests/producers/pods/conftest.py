"""A stand-in for the API server, and settings that lead to it."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.stack import Stack
from deploy.topics import apply_topics
from schemas.settings import PodsSettings, Settings
from schemas.topics import topics_for
from tests.producers.pods.api_server import ApiServer

NewSettings = Callable[..., Settings]
QUICK_LEASE = {"duration_secs": 3, "renew_deadline_secs": 2, "retry_interval_secs": 0.2}
_numbers = itertools.count(1)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with ApiServer() as server:
        yield server


@pytest.fixture
def pods_settings(api: ApiServer, tmp_path: Path) -> Callable[..., PodsSettings]:
    def make(**changes: Any) -> PodsSettings:
        given = {"kubeconfig": str(api.kubeconfig(tmp_path)), "watch_timeout_secs": 10, "request_timeout_secs": 5}
        return PodsSettings.model_validate(given | changes)

    return make


@pytest.fixture
def new_settings(stack: Stack, api: ApiServer, tmp_path: Path) -> NewSettings:
    prefix = f"pods{os.getpid()}x{next(_numbers)}."

    def make(**changes: Any) -> Settings:
        pods = {"kubeconfig": str(api.kubeconfig(tmp_path)), "lease": QUICK_LEASE, "request_timeout_secs": 5}
        settings = Settings.model_validate(
            {
                "kafka": {"bootstrap_servers": stack.endpoints.bootstrap_servers},
                "topics": {"prefix": prefix},
                "pods": pods | changes,
            }
        )
        apply_topics(
            settings.kafka, [topic for topic in topics_for(settings) if topic.name == settings.topics.names.pods]
        )
        return settings

    return make
