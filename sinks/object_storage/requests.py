"""Requests to the store, several at once, each tried until it succeeds, while the sink stays in its group."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final, TypeVar

from runtime.backoff import Backoff
from runtime.health import Failing, Health
from runtime.metrics import Metrics
from sinks.object_storage.writer import StoreError

_log = logging.getLogger(__name__)

LOUD_EVERY: Final = 10
PATIENCE_SECS: Final = 0.5
"""So long a request is waited for before Kafka is asked whether the group has changed."""

HUNG_SECS: Final = 600.0
"""What a request may take, all parts of a large object and what the store's client tries again by itself included."""

Answer = TypeVar("Answer")


class StoppedError(Exception):
    """The sink was asked to stop while a request failed: nothing is known of it."""


class Requests:
    """Runs requests in threads."""

    def __init__(self, sink: str, metrics: Metrics, health: Health, at_once: int, stay: Callable[[], None]) -> None:
        """``stay`` is called again and again while requests take long."""
        self._sink = sink
        self._metrics = metrics
        self._health = health
        self.failing = Failing("the store")
        health.ready_if(self.failing.check)
        self._at_once = at_once
        self._stay = stay
        self._backoff = Backoff()
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="store")
        self.moved: Callable[[], object] = lambda: None
        """Called while requests are under way: nothing can be taken in meanwhile."""
        self.stop = threading.Event()
        """Give failing requests up once this is set."""

    def one(self, what: str, work: Callable[[], Answer]) -> Answer:
        """The answer of a request. Raises StoppedError, and whatever it raises but StoreError."""
        return self.all([(what, work)])[0]

    def all(self, works: Iterable[tuple[str, Callable[[], Answer]]]) -> list[Answer]:
        """The answers of requests, in their order; the next is taken from ``works`` when there is room for it."""
        begun: list[Future[Answer]] = []
        running: set[Future[Answer]] = set()
        for what, work in works:
            self._health.beat()
            while len(running) >= self._at_once:
                running = self._waited(running)
            future = self._pool.submit(self._insist, what, work)
            begun.append(future)
            running.add(future)
        while running:
            running = self._waited(running)
        return [each.result() for each in begun]

    def _waited(self, running: set[Future[Answer]]) -> set[Future[Answer]]:
        """Those that still run after a while; raises what one of the others raised."""
        self._health.beat()
        self.moved()
        done, others = wait(running, PATIENCE_SECS, FIRST_COMPLETED)
        if not done:
            self._stay()
        for each in done:
            each.result()
        return others

    def _insist(self, what: str, work: Callable[[], Answer]) -> Answer:
        attempt = 0
        while True:
            try:
                with self._health.call(what, HUNG_SECS + self._health.stall_secs):
                    answer = work()
            except StoreError as error:
                attempt += 1
                self.failing.failed(str(error.problem))
                self._metrics.count("logferry_sink_retries_total", 1, self._sink, error.kind)
                self._metrics.count("logferry_sink_errors_total", 1, self._sink, error.kind)
                if attempt % LOUD_EVERY == 1:
                    _log.warning("%s failed, attempt %d, nothing is committed meanwhile: %s", what, attempt, error)
                if self.stop.wait(self._backoff.delay(attempt, random.random())):  # noqa: S311 - jitter, no secret
                    raise StoppedError from error
            else:
                self.failing.succeeded()
                if attempt:
                    _log.info("%s succeeded at attempt %d", what, attempt + 1)
                return answer

    def close(self) -> None:
        """Wait for what still runs."""
        self._pool.shutdown()
