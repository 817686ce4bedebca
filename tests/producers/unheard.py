"""A producer whose Kafka is nowhere: what it reads and does is seen without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from producers.produce import NodeProducer
from schemas.settings import parse_settings


@contextmanager
def unheard_producer(text: str) -> Iterator[NodeProducer]:
    """By these settings but for Kafka's address; what it has open is closed behind the block."""
    made = NodeProducer(parse_settings(f'kafka: {{bootstrap_servers: "127.0.0.1:1"}}\n{text}', "logferry.yaml", {}))
    try:
        yield made
    finally:
        made.files.close()
        made._watch.close()
        made._store.close()
