"""Without a broker the demo waits instead of failing."""

from __future__ import annotations

import socket

import pytest

from deploy.demo.demo import PODS
from deploy.demo.publish import PodPublisher
from schemas.errors import TemporaryError
from schemas.settings import KafkaSettings


def test_kafka_that_does_not_answer_is_a_temporary_error() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, but nothing listens
        kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(TemporaryError) as failed, PodPublisher(kafka, delivery_secs=0.3) as publish_pod:
            publish_pod(_record())
    assert "dev/timecheck" in failed.value.problem
    assert failed.value.delay > 0


def _record() -> dict[str, object]:
    return {"uid": "u", "namespace": PODS[0].namespace, "name": PODS[0].name, "observed_at": 1}
