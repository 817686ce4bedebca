"""The Elasticsearch sink: read, build documents, send several requests at once, read every answer, then commit."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import elastic_transport
from confluent_kafka import Message
from elasticsearch import ApiError

from runtime.backoff import Backoff
from runtime.kafka import read_file
from runtime.metrics import Metrics
from schemas.settings import ElasticsearchSink, resolve
from sinks.consumer import Batch, GroupConsumer
from sinks.dead_letters import DeadLetters
from sinks.elasticsearch.lines import LineBuilder
from sinks.elasticsearch.request import BulkRequests, connect
from sinks.elasticsearch.template import index_template, template_name
from sinks.elasticsearch.verdict import Done, Reject, Retry, Verdict

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

READ_RECORDS: Final = 2000
READ_SECS: Final = 0.1
PAUSE_AFTER_SECS: Final = 5.0
DRAIN_SECS: Final = 4.0
LOUD_EVERY: Final = 10
"""A request that keeps failing is complained of at its first failure and at every tenth."""


@dataclass
class _Bulk:
    """Documents on their way to a request."""

    opened_at: float = 0.0
    size: int = 0
    batches: list[Batch] = field(default_factory=list)
    """What was read for it."""
    records: list[Message] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    """The document of each record, behind its action line."""


class ElasticsearchShell:
    """One process of the sink."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, ElasticsearchSink)
        self._name = name
        self._settings = sink
        self.metrics = Metrics("sink")
        self._consumer = GroupConsumer(settings.kafka, settings.sink_group(name), sink.topics)
        self._dead_letters = DeadLetters(settings.kafka, settings.topics.names.dead_letter, name)
        self._client = connect(sink, _secrets(sink))
        self._requests = BulkRequests(self._client)
        self._builder = LineBuilder(sink.index, lambda topic: settings.format_of(topic) == "json")
        self._backoff = Backoff()
        self._bulk = _Bulk()
        self._flying: dict[Future[bool], list[Batch]] = {}
        self._last_read = 0.0
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop."""
        self._stop = stop
        self._install_template()
        with ThreadPoolExecutor(self._settings.requests_in_flight, "bulk") as pool:
            while not stop.is_set():
                self._step(pool)
            self._drain(pool)
        self._consumer.close()
        self._client.close()

    def _step(self, pool: ThreadPoolExecutor) -> None:
        if len(self._flying) >= self._settings.requests_in_flight and self._is_due(time.monotonic()):
            wait(self._flying, READ_SECS, FIRST_COMPLETED)
            self._stay_in_group()
        else:
            self._consumer.resume()
            self._take(self._consumer.read(READ_RECORDS, READ_SECS))
            self._last_read = time.monotonic()
        self._land()
        if self._is_due(time.monotonic()) and len(self._flying) < self._settings.requests_in_flight:
            self._launch(pool)
        self._consumer.commit()

    def _stay_in_group(self) -> None:
        """While Elasticsearch takes nothing, show the group that this member lives.

        Not at once: pausing throws away what the client has fetched ahead.
        """
        if time.monotonic() - self._last_read >= PAUSE_AFTER_SECS:
            self._consumer.pause()
            self._take(self._consumer.read(READ_RECORDS, 0.0))

    def _is_due(self, now: float) -> bool:
        bulk = self._bulk
        old = now - bulk.opened_at >= self._settings.batch_max_age_secs
        return bool(bulk.batches) and (bulk.size >= self._settings.batch_max_bytes or old)

    def _take(self, records: list[Message]) -> None:
        """Build the documents of records; set aside what cannot be read."""
        if not records:
            return
        bulk = self._bulk
        if not bulk.batches:
            bulk.opened_at = time.monotonic()
        bulk.batches.append(self._consumer.begin(records))
        self.metrics.count("logferry_sink_records_total", len(records), self._name)
        found = self._builder.build(records)
        bulk.lines += found.lines
        bulk.size += sum(map(len, found.lines))
        bulk.records += found.records
        for record, problem in found.rejected:
            self._reject(record, problem.reason, problem.message)

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        bulk, self._bulk = self._bulk, _Bulk()
        self._flying[pool.submit(self._deliver, bulk.records, bulk.lines)] = bulk.batches

    def _land(self) -> None:
        """Finish what has been answered. Raises what a request thread raised."""
        for future in [each for each in self._flying if each.done()]:
            batches = self._flying.pop(future)
            if future.result():
                for batch in batches:
                    self._consumer.finish(batch)

    def _deliver(self, records: list[Message], lines: list[bytes]) -> bool:
        """Send documents until each is answered for; False when asked to stop before."""
        attempt = 0
        while lines:
            answers = self._requests.send(lines)
            again, cause = self._judge(records, answers)
            if not again:
                break
            records, lines = [records[index] for index in again], [lines[index] for index in again]
            attempt += 1
            self.metrics.count("logferry_sink_retries_total", 1, self._name, cause)
            if attempt % LOUD_EVERY == 1:
                _log.warning("%d documents wait for Elasticsearch, attempt %d: %s", len(lines), attempt, cause)
            if self._stop.wait(self._backoff.delay(attempt, random.random())):  # noqa: S311 - jitter, no secret
                return False
        self._dead_letters.flush()
        return True

    def _judge(self, records: list[Message], answers: list[Verdict]) -> tuple[list[int], str]:
        """Count and set aside what is decided. Returns which documents must be sent again, and why."""
        again: list[int] = []
        cause = ""
        counts = {outcome: answers.count(outcome) for outcome in Done}
        if sum(counts.values()) < len(answers):
            for index, answer in enumerate(answers):
                if isinstance(answer, Retry):
                    again.append(index)
                    cause = answer.cause
                elif isinstance(answer, Reject):
                    self._reject(records[index], "rejected_by_destination", answer.reason)
        for outcome, amount in counts.items():
            if amount:
                self.metrics.count("logferry_sink_documents_total", amount, self._name, outcome.value)
        return again, cause

    def _reject(self, record: Message, reason: str, message: str) -> None:
        self._dead_letters.send(record, reason, message)
        self.metrics.count("logferry_sink_documents_total", 1, self._name, "rejected")
        self.metrics.count("logferry_sink_dead_letters_total", 1, self._name, reason)

    def _drain(self, pool: ThreadPoolExecutor) -> None:
        """Let what is under way come to its end, for a few seconds; the rest is read again."""
        if self._bulk.batches:
            self._launch(pool)
        if self._flying:
            wait(self._flying, DRAIN_SECS)
        self._land()
        pool.shutdown(wait=False, cancel_futures=True)

    def _install_template(self) -> None:
        """Put the index template in place, however long Elasticsearch takes to answer."""
        attempt = 0
        while self._settings.template and not self._stop.is_set():
            try:
                body = index_template(self._settings)
                self._client.indices.put_index_template(name=template_name(self._name), body=body)
            except (ApiError, elastic_transport.TransportError) as error:
                attempt += 1
                if attempt % LOUD_EVERY == 1:
                    _log.warning("the index template cannot be installed, attempt %d: %s", attempt, error)
                self.metrics.count("logferry_sink_retries_total", 1, self._name, "template")
                self._stop.wait(self._backoff.delay(attempt, random.random()))  # noqa: S311 - jitter, no secret
            else:
                return


def _secrets(settings: ElasticsearchSink) -> dict[str, str]:
    given = {"api_key": settings.api_key, "username": settings.username, "password": settings.password}
    return {name: resolve(value, os.environ, read_file) for name, value in given.items() if value is not None}
