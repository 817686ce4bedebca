"""Records that prove themselves, sent straight into a routed topic; `bench.elastic_oracle` judges what becomes of them.

Record n is a function of n, so what was sent need not be kept: a document is right when it is the one of the number
that its id holds. Some are made for an index whose mapping was made by hand: ``attributes.amount`` is a number there,
and ``log`` and ``message`` are keywords, which take no more than 32,766 bytes.

========  ===========  =====================================================================================
kind      n % 5,000    what becomes of it
========  ===========  =====================================================================================
hopeless  2,500        refused in any form: its message is too long for a keyword; it belongs to the dead letters
odd       1,234        refused as it is: its amount is a word; indexed in a safer shape
good      all others   indexed
========  ===========  =====================================================================================
"""

from __future__ import annotations

import json
import threading
import time
from functools import lru_cache
from typing import Any, Final
from zlib import crc32

from confluent_kafka import KafkaError, Message, Producer

from bench.pipeline import Pipeline
from runtime.kafka import producer_config
from runtime.producer import enqueue
from schemas.codec import Codec
from schemas.document import DAY_HEADER, ID_HEADER, DocumentWriter, day_of, shared_part
from schemas.identity import incarnation, record_id, source_id
from schemas.log_record import RecordWriter
from sinks.consumer import offset_of, partition_of

SOURCES: Final = 11
"""Odd ones write documents (as topics of ``format: json`` have them), even ones LogRecords."""
DAYS: Final = 3
CYCLE: Final = 5000
HOPELESS: Final = 2500
ODD: Final = 1234
NOON: Final = 1_795_089_600_000_000_000
"""2026-11-19T12:00:00Z"""
DAY: Final = 86_400_000_000_000
KEYWORD_MAX_BYTES: Final = 32_766
CONFLICTING: Final[dict[str, Any]] = {
    "dynamic": False,
    "properties": {
        "@timestamp": {"type": "date"},
        "log": {"type": "keyword"},
        "message": {"type": "keyword"},
        "tag": {"type": "keyword"},
        "attributes": {"type": "object", "subobjects": False, "properties": {"amount": {"type": "long"}}},
    },
}
"""The mapping of the indices."""


def is_hopeless(n: int) -> bool:
    """Whether Elasticsearch takes record n in no form."""
    return n % CYCLE == HOPELESS


def is_odd(n: int) -> bool:
    """Whether Elasticsearch does not take record n as it is."""
    return n % CYCLE == ODD


@lru_cache(maxsize=SOURCES)
def resource(source: int) -> dict[str, Any]:
    """The resource of a source."""
    pod = f"app-{source:02d}"
    key = source_id("node-1", "container_files", "load", pod, f"uid-{pod}", "app")
    kubernetes = {"namespace": "load", "pod": pod, "pod_uid": f"uid-{pod}", "container": "app", "labels": {"app": pod}}
    return {
        "source_id": key,
        "node": "node-1",
        "path": f"/var/log/pods/load_{pod}_uid-{pod}/app/0.log",
        "incarnation": incarnation(key, 0, pod.encode()).hex(),
        "tag": f"kube.load.{pod}.app",
        "kubernetes": kubernetes,
    }


def body(n: int) -> str:
    """The text of record n."""
    source, sequence = n % SOURCES, n // SOURCES
    size = KEYWORD_MAX_BYTES + 1000 if is_hopeless(n) else 60 + n * 7919 % 200
    text = f"src={source:02d} seq={sequence:06d} grüßt ".ljust(size, "x")
    return f"{text} sum={crc32(text.encode()):08x}"


def event(n: int) -> dict[str, Any]:
    """The fields of record n behind its resource."""
    attributes = {"amount": "many" if is_odd(n) else n, "user": f"u{n % 100}"}
    return {
        "id": id_of(n),
        "offset": n,
        "timestamp": timestamp(n),
        "observed_timestamp": NOON + DAYS * DAY,
        "stream": "stdout",
        "severity_number": 9,
        "severity_text": "info",
        "body": body(n),
        "original": None,
        "attributes": json.dumps(attributes, separators=(",", ":")),
        "trace_id": None,
        "span_id": None,
        "parser": "json",
        "flags": [],
    }


def id_of(n: int) -> str:
    """The id of record n; its offset is n."""
    return record_id(bytes.fromhex(resource(n % SOURCES)["incarnation"]), n)


def timestamp(n: int) -> int:
    """When record n happened: one microsecond after the one before it on one of three days."""
    return NOON + n % DAYS * DAY + n * 1000


class Encoder:
    """Records as a route writes them."""

    def __init__(self) -> None:
        self._records = RecordWriter(Codec("log_record"))
        self._documents = DocumentWriter()
        self._prefixes = [self._records.prefix(resource(source)) for source in range(SOURCES)]
        self._shared = [shared_part(resource(source)) for source in range(SOURCES)]

    def encode(self, n: int) -> tuple[bytes, list[tuple[str, bytes]]]:
        """Value and headers of record n."""
        source, fields = n % SOURCES, event(n)
        if source % 2 == 0:
            return self._records.encode(self._prefixes[source], fields), []
        document = self._documents.document(fields, self._shared[source])
        return document, [(ID_HEADER, fields["id"].encode()), (DAY_HEADER, day_of(fields["timestamp"]))]


class Sender(threading.Thread):
    """Sends records at a rate; use `stop` to end it."""

    def __init__(self, pipeline: Pipeline, topic: str, rate: float) -> None:
        super().__init__(daemon=True)
        self._topic = topic
        self._rate = rate
        self._producer = Producer(producer_config(pipeline.settings.kafka, "bench"))
        self._encoder = Encoder()
        self._ended = threading.Event()
        self.sent = 0
        self.numbers: dict[int, list[int]] = {}
        """Partition -> the number of the record at each offset."""

    def run(self) -> None:
        """Until `stop`."""
        began = time.monotonic()
        while not self._ended.wait(0.02):
            for n in range(self.sent, int(self._rate * (time.monotonic() - began))):
                value, headers = self._encoder.encode(n)
                key = resource(n % SOURCES)["source_id"].encode()
                enqueue(self._producer, self._topic, value, key, headers=headers, on_delivery=self._note(n))
                self.sent = n + 1
            self._producer.poll(0)

    def _note(self, n: int) -> Any:
        def delivered(error: KafkaError | None, record: Message) -> None:
            assert error is None, error
            numbers = self.numbers.setdefault(partition_of(record)[1], [])
            assert offset_of(record) == len(numbers)
            numbers.append(n)

        return delivered

    def number(self, partition: int, offset: int) -> int:
        """The number of a record that stands in the topic; its delivery report may still be on its way."""
        while offset >= len(self.numbers.get(partition, [])):
            time.sleep(0.01)
        return self.numbers[partition][offset]

    def stop(self) -> None:
        """End, with everything in the topic."""
        self._ended.set()
        self.join()
        assert self._producer.flush(30) == 0
