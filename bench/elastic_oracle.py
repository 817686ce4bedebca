"""The judgement of what a sink made of records: while it works by what it commits, and at the end by what is there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from bench.elastic_records import (
    CYCLE,
    HOPELESS,
    SOURCES,
    Encoder,
    Sender,
    body,
    id_of,
    is_hopeless,
    resource,
    timestamp,
)
from bench.pipeline import Pipeline
from runtime.kafka import client_config
from schemas.codec import Codec
from schemas.document import iso_time
from schemas.identity import index_name, parse_record_id

PAGE: Final = 5000


@dataclass
class Verdict:
    """What is wrong; nothing is when all but ``documents`` and ``dead_letters`` are as they begin."""

    documents: int = 0
    missing: int = 0
    doubled: int = 0
    """Documents of a record that has another one, in whatever index."""
    altered: int = 0
    """Documents that are not what their id says."""
    made_up: int = 0
    """Documents of no record that was sent."""
    dead_letters: int = 0
    """Records in the dead letters, each counted once."""
    wrongly_dead: int = 0
    """Records in the dead letters that Elasticsearch takes."""
    not_dead: int = 0
    """Hopeless ones that are not in the dead letters with Elasticsearch's reason and their own bytes."""
    committed_past: int = 0
    """Records below the committed offset that were neither in the index nor in the dead letters at that moment."""
    examples: list[str] = field(default_factory=list)


class Oracle:
    """Looks at what a sink commits while it works, and at everything it made at the end."""

    def __init__(self, pipeline: Pipeline, sender: Sender, topic: str, group: str) -> None:
        self._pipeline = pipeline
        self._sender = sender
        self._topic = topic
        names = pipeline.settings.topics.names
        common = client_config(pipeline.settings.kafka, "oracle") | {"enable.auto.commit": False}
        self._group = Consumer(common | {"group.id": group})
        self._letters = Consumer(common | {"group.id": "unused", "auto.offset.reset": "earliest"})
        self._partitions = sorted(self._group.list_topics(topic, 10).topics[topic].partitions)
        letters = self._letters.list_topics(names.dead_letter, 10).topics[names.dead_letter].partitions
        self._letters.assign([TopicPartition(names.dead_letter, each, 0) for each in letters])
        self._letter_partitions = [TopicPartition(names.dead_letter, each) for each in letters]
        self._codec = Codec("dead_letter")
        self._encoder = Encoder()
        self._checked: dict[int, int] = dict.fromkeys(self._partitions, 0)
        self._dead: dict[int, bool] = {}
        """Number -> whether its letter is as it should be."""
        self.verdict = Verdict()

    def committed(self) -> dict[int, int]:
        """What the group has committed, by partition."""
        asked = [TopicPartition(self._topic, each) for each in self._partitions]
        for attempt in range(20):
            try:
                return {each.partition: max(0, each.offset) for each in self._group.committed(asked, timeout=15)}
            except KafkaException:  # the group's coordinator is only just beginning, or moving
                if attempt == 19:
                    raise
                time.sleep(0.5)
        raise AssertionError

    def look(self) -> int:
        """Judge what has been committed since the last look. Returns how many records are committed in all."""
        committed = self.committed()
        fresh = [
            self._sender.number(partition, offset)
            for partition, end in committed.items()
            for offset in range(self._checked[partition], end)
        ]
        self._checked = committed
        absent = [n for first in range(0, len(fresh), PAGE) for n in self._absent(fresh[first : first + PAGE])]
        self._read_letters()
        past = [n for n in absent if n not in self._dead]
        self.verdict.committed_past += len(past)
        self._tell("committed past", past)
        return sum(committed.values())

    def _absent(self, numbers: Sequence[int]) -> list[int]:
        """Which of these are not in the index, refreshed or not."""
        docs = [{"_index": self._index_of(n), "_id": id_of(n), "_source": False} for n in numbers]
        answer = self._pipeline.ask("/_mget", {"docs": docs})
        return [n for n, each in zip(numbers, answer["docs"], strict=True) if not each.get("found")]

    def _index_of(self, n: int) -> str:
        return index_name(f"{self._pipeline.index}-%Y.%m.%d", timestamp(n))

    def _read_letters(self) -> None:
        """All that are there by now; a client that reads would ask for the ends behind its own waiting request."""
        ends = [self._group.get_watermark_offsets(each, timeout=10)[1] for each in self._letter_partitions]
        while any(
            max(0, position.offset) < end
            for position, end in zip(self._letters.position(self._letter_partitions), ends, strict=True)
        ):
            for record in self._letters.consume(1000, 0.5):
                if record.error() is None:
                    self._judge_letter(self._codec.decode(record.value() or b""))

    def _judge_letter(self, letter: Any) -> None:
        n = self._sender.number(letter["partition"], letter["topic_offset"])
        if not is_hopeless(n) and n not in self._dead:
            self._tell(f"wrongly dead ({letter['message'][:150]})", [n])
        self._dead[n] = (
            letter["topic"] == self._topic
            and letter["reason"] == "rejected_by_destination"
            and "immense term" in letter["message"]
            and letter["original"] == self._encoder.encode(n)[0]
        )

    def judge(self) -> Verdict:
        """Compare all documents and dead letters with what was sent."""
        verdict, sent = self.verdict, self._sender.sent
        seen = bytearray(sent)
        for index, id_, source in self._documents():
            verdict.documents += 1
            parsed = parse_record_id(id_)
            n = sent if parsed is None else parsed[1]
            if n >= sent or id_ != id_of(n):
                verdict.made_up += 1
                continue
            verdict.doubled += seen[n]
            seen[n] = 1
            if not self._is_right(n, index, source):
                verdict.altered += 1
                self._tell("altered", [n])
        missing = [n for n in range(sent) if not seen[n] and not is_hopeless(n)]
        self._tell("missing", missing)
        verdict.missing = len(missing)
        verdict.dead_letters = len(self._dead)
        verdict.wrongly_dead = sum(not is_hopeless(n) for n in self._dead)
        verdict.not_dead = sum(not self._dead.get(n) for n in range(HOPELESS, sent, CYCLE))
        return verdict

    def _is_right(self, n: int, index: str, source: dict[str, Any]) -> bool:
        text = body(n)
        wanted = {
            "@timestamp": iso_time(timestamp(n)),
            "log": text,
            "message": text,
            "tag": resource(n % SOURCES)["tag"],
            "logferry": {"incarnation": resource(n % SOURCES)["incarnation"], "offset": n},
        }
        return source == wanted and index == self._index_of(n)

    def _documents(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Index, id and source of every document."""
        pattern = f"{self._pipeline.index}-*"
        self._pipeline.ask(f"/{pattern}/_refresh")
        fields = ["@timestamp", "log", "message", "tag", "logferry.incarnation", "logferry.offset"]
        page = self._pipeline.ask(f"/{pattern}/_search?scroll=2m", {"size": PAGE, "sort": ["_doc"], "_source": fields})
        while hits := page["hits"]["hits"]:
            for hit in hits:
                yield hit["_index"], hit["_id"], hit["_source"]
            page = self._pipeline.ask("/_search/scroll", {"scroll": "2m", "scroll_id": page["_scroll_id"]})

    def _tell(self, what: str, numbers: list[int]) -> None:
        room = 20 - len(self.verdict.examples)
        self.verdict.examples += [f"{what}: {n}" for n in numbers[:room]]

    def close(self) -> None:
        """Release its clients."""
        self._group.close()
        self._letters.close()
