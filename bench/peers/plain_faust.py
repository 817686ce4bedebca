"""What a person would write with Faust by its tutorial: one record a line, an agent that filters and sends.

``faust -A bench.peers.plain_faust:app worker``; settings come from the environment:

=====================  ==========================================================
PLAIN_FAUST_TASK       route or index
PLAIN_FAUST_BROKER     bootstrap servers
PLAIN_FAUST_NAME       of the application, which is its consumer group
PLAIN_FAUST_RAW        topic that is read by *route*
PLAIN_FAUST_ROUTED     the two topics of records, errors first, with a comma
PLAIN_FAUST_ES         address of Elasticsearch
PLAIN_FAUST_INDEX      index
=====================  ==========================================================

Guarantee: ``await topic.send()`` enqueues and the event counts as done, so what was on its way is lost by a kill; what
was not yet committed is sent twice. Documentation: Faust's user guide on agents, channels and streams (``take``).
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from typing import Any, Final

import faust
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk

from bench.peers.plain_lines import parsed

BATCH: Final = 1000


def _setting(name: str) -> str:
    return os.environ.get(f"PLAIN_FAUST_{name}", name.lower())


app = faust.App(
    _setting("NAME"),
    broker=f"kafka://{_setting('BROKER')}",
    store="memory://",
    topic_disable_leader=True,
    producer_acks=-1,
    producer_compression_type="lz4",
    producer_linger_ms=50,
    producer_max_batch_size=262_144,
    stream_wait_empty=False,
)
raw = app.topic(_setting("RAW"), key_type=bytes, value_type=bytes, value_serializer="raw")
_errors, _, _others = _setting("ROUTED").partition(",")
errors = app.topic(_errors, key_type=bytes, value_serializer="json")
others = app.topic(_others or "others", key_type=bytes, value_serializer="json")
records = app.topic(_errors, _others or "others", key_type=bytes, value_serializer="raw")


async def route(lines: Any) -> None:
    """The agent that filters and sends."""
    async for key, line in lines.items():
        record = parsed(line.decode("utf-8", "replace"))
        if record is not None:
            topic = others if record["level"] == "warn" else errors
            await topic.send(key=key, value=record)


async def index(found: Any) -> None:
    """The agent that indexes; records are documents already."""
    client = AsyncElasticsearch(_setting("ES"), request_timeout=60)
    async for values in found.take(BATCH, within=1.0):
        await async_bulk(client, _actions(values), chunk_size=BATCH)


async def _actions(values: list[bytes]) -> AsyncIterator[dict[str, Any]]:
    for value in values:
        yield {"_index": _setting("INDEX"), "_source": json.loads(value)}


if _setting("TASK") == "index":
    app.agent(records)(index)
else:
    app.agent(raw)(route)
