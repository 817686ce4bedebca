"""Chunks of any framing, and what a worker makes of them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tests.streams.replay import LETTER, RAW, RECORD, Worker

OBSERVED = 1795222923_000000004
"""2026-11-21T01:02:03.000000004Z."""
LIFE = b"\x00\x01\x02\x03\x04\x05\x06\x07"


def chunk(framing: str, payload: bytes, offset: int = 0, **changes: Any) -> dict[str, Any]:
    """A chunk; changes of the source have names that begin with ``source_``."""
    source = {
        "id": "00112233445566aa", "node": "node-1", "kind": "any", "framing": framing,
        "encoding": None, "tag": "given.tag", "container": None,
    }  # fmt: skip
    source |= {name.removeprefix("source_"): value for name, value in changes.items() if name.startswith("source_")}
    return {
        "source": source,
        "path": "/var/log/any.log",
        "incarnation": LIFE,
        "offset": offset,
        "observed_timestamp": OBSERVED,
        "payload": payload,
        **{name: value for name, value in changes.items() if not name.startswith("source_")},
    }


class Outcome(NamedTuple):
    """What became of some chunks."""

    records: list[dict[str, Any]]
    letters: list[dict[str, Any]]
    worker: Worker

    def bodies(self) -> list[str]:
        return [record["body"] for record in self.records]

    def originals(self) -> list[bytes]:
        return [letter["original"] for letter in self.letters]


def outcome_of(*chunks: dict[str, Any], pods: dict[str, Any] | None = None) -> Outcome:
    """Records and dead letters, in order; attributes as objects."""
    worker = Worker(0)
    worker.stage._pods.pods.update(pods or {})
    log = [RAW.encode(each) for each in chunks]
    for _ in log:
        worker.take(log)
    records = [RECORD.decode(value) for topic, value in worker.client.kept if topic == "logs.app"]
    letters = [LETTER.decode(value) for topic, value in worker.client.kept if topic == "logs.dead-letter"]
    for record in records:
        record["attributes"] = json.loads(record["attributes"])
    return Outcome(records, letters, worker)


def only(framing: str, payload: bytes, **changes: Any) -> dict[str, Any]:
    """The one record of a payload."""
    found = outcome_of(chunk(framing, payload, **changes))
    assert found.letters == []
    (record,) = found.records
    return record
