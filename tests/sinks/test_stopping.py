"""A sink that is asked to stop: what was refused is not overtaken by what came behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence

import pytest
from confluent_kafka import Message

from schemas.settings import parse_settings
from sinks.consumer import Batch
from sinks.delivery import Delivery
from sinks.destination import Built, Destination
from sinks.threads import RequestThreads
from sinks.verdict import Done, Retry, Verdict


class Asked(Destination[int]):
    """Refuses the first piece for as long as ``refuses``, and takes every other."""

    def __init__(self, *, refuses: bool) -> None:
        self.refuses = refuses
        self.sent: list[int] = []

    def build(self, records: Sequence[Message]) -> Built[int]:
        return Built()

    def send(self, pieces: Sequence[int]) -> list[Verdict]:
        self.sent += pieces
        return [Retry("away") if each == 0 and self.refuses else Done.DELIVERED for each in pieces]


@pytest.mark.parametrize(("refuses", "sent"), [(True, [0]), (False, [0, 1, 2])])
def test_what_stands_behind_a_refused_request_is_not_sent_at_the_end(refuses: bool, sent: list[int]) -> None:
    sink = {"type": "stdout", "topics": ["logs.app"]}
    text = json.dumps({"kafka": {"bootstrap_servers": "127.0.0.1:1"}, "sinks": {"x": sink}})
    destination = Asked(refuses=refuses)
    delivery = Delivery("x", parse_settings(text, "logferry.yaml", {}), destination)
    for piece in range(3):
        delivery._gathering.add(Batch({}), Built([Message(topic="logs.app")], [piece], [10]), 1, 0.0)
    delivery._stop = threading.Event()
    delivery._stop.set()
    delivery._drain(RequestThreads(1))
    assert destination.sent == sent
