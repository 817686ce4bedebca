"""The logging handler: without Kafka it is never in the way, and whatever is logged it neither raises nor loops."""

from __future__ import annotations

import json
import logging
import logging.config
import logging.handlers
import socket
import threading
import time

import pytest

from deploy.topics import apply_topics
from producers.handler import KafkaHandler
from schemas.errors import SettingsError
from schemas.settings import InvalidSettingsError
from schemas.topics import topics_for
from tests.conftest import PipelineMaker
from tests.producers.handler.arrived import NOWHERE, Maker, forwarder, held, lines_of

pytestmark = pytest.mark.timeout(200)


def test_without_kafka_memory_is_bounded_nothing_waits_and_errors_are_kept_longer(
    make: Maker, log: logging.Logger
) -> None:
    handler = make(NOWHERE, memory_max_bytes=400_000, record_max_bytes=10_000)
    log.addHandler(handler)
    longest = 0.0
    for number in range(5000):
        began = time.monotonic()
        log.info("line %d %s", number, "x" * 100)
        longest = max(longest, time.monotonic() - began)
    batches = handler._sender._batches
    assert 290_000 < batches.held_bytes <= 300_000
    assert 3000 < handler._losses["INFO"] < 5000
    for number in range(300):
        log.error("error %d", number)
    assert handler._losses["ERROR"] == 0
    for number in range(3000):
        log.error("error %d", number)
    assert handler._losses["ERROR"] > 1000
    assert batches.held_bytes <= 400_000
    assert longest < 0.25


def test_when_kafka_comes_everything_kept_arrives_and_one_record_tells_what_was_dropped(
    new_pipeline: PipelineMaker, make: Maker, log: logging.Logger
) -> None:
    pipeline = new_pipeline()
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    handler = make(
        f"127.0.0.1:{port}", config=pipeline.config, memory_max_bytes=100_000, record_max_bytes=10_000,
        flush_timeout_secs=30,
    )  # fmt: skip
    log.addHandler(handler)
    for number in range(2000):
        log.info("line %d", number)
    dropped = handler._losses["INFO"]
    assert dropped > 0
    with forwarder(port, pipeline.bootstrap_servers):
        assert handler._sender.flush(60)
        log.info("afterwards")
        handler.flush()
    lines = lines_of(pipeline)
    told = [line for line in lines if "dropped.records" in line]
    assert [line["dropped.by_level"] for line in told] == [{"INFO": dropped}]
    messages = [line["message"] for line in lines if line not in told]
    assert messages == [*(f"line {number}" for number in range(2000 - dropped)), "afterwards"]


def test_lines_wait_for_a_topic_that_is_made_later(
    new_pipeline: PipelineMaker, make: Maker, log: logging.Logger
) -> None:
    pipeline = new_pipeline()
    prefix = f"{pipeline.index}later."
    handler = make(
        config=pipeline.config, topic_prefix=prefix, flush_timeout_secs=20,
        properties={"topic.metadata.propagation.max.ms": "200", "topic.metadata.refresh.fast.interval.ms": "50"},
    )  # fmt: skip
    log.addHandler(handler)
    for number in range(3):
        log.info("line %d", number)
        time.sleep(0.3)  # a chunk each
    settings = pipeline.settings
    later = settings.model_copy(update={"topics": settings.topics.model_copy(update={"prefix": prefix})})
    apply_topics(later.kafka, topics_for(later))
    handler.close()
    pipeline.index += "later"
    assert [line["message"] for line in lines_of(pipeline)] == ["line 0", "line 1", "line 2"]


class _Loud:
    """An argument that logs while it is made into text, and then fails."""

    def __init__(self, log: logging.Logger) -> None:
        self.log = log

    def __str__(self) -> str:
        self.log.info("again %s", self)
        raise RuntimeError


def test_no_record_makes_it_raise_or_run_in_circles(make: Maker, log: logging.Logger) -> None:
    handler = make(NOWHERE)
    log.addHandler(handler)
    log.info("%s", _Loud(log))
    log.info("%d and %d", "one")
    log.info(_Loud(log))
    log.info("fine", extra={"odd": _Loud(log)}, stack_info=True)
    lines = [json.loads(line) for line in held(handler).splitlines()]
    messages = [line["message"] for line in lines]
    assert "%d and %d [arguments do not fit: TypeError]" in messages
    assert messages[-1] == "fine"
    assert 0 < sum(handler._losses.values()) < 20


def test_what_kafkas_client_has_to_say_does_not_come_back_as_lines(
    make: Maker, caplog: pytest.LogCaptureFixture
) -> None:
    handler = make(NOWHERE)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        logging.getLogger("app").warning("one")
        deadline = time.monotonic() + 20
        while "log lines wait for Kafka" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)  # time in which more could come
    finally:
        root.removeHandler(handler)
    assert handler._sender.unsent_lines() == 1
    assert caplog.text.count("log lines wait for Kafka") < 5


def test_threads_log_at_once_and_nothing_is_lost_or_mixed(
    new_pipeline: PipelineMaker, make: Maker, log: logging.Logger
) -> None:
    pipeline = new_pipeline()
    handler = make(config=pipeline.config)
    log.addHandler(handler)

    def work(name: str) -> None:
        for number in range(500):
            log.info("%s %d", name, number)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.close()
    messages = [line["message"].split() for line in lines_of(pipeline)]
    for name in "abcdefgh":
        assert [int(number) for who, number in messages if who == name] == list(range(500))


def test_trace_and_span_of_opentelemetry_stand_in_the_line(make: Maker, log: logging.Logger) -> None:
    from opentelemetry import trace

    context = trace.SpanContext(0xABC, 0xDEF, is_remote=False)
    handler = make(NOWHERE)
    log.addHandler(handler)
    with trace.use_span(trace.NonRecordingSpan(context)):
        log.info("inside")
    log.info("outside")
    lines = [json.loads(line) for line in held(handler).splitlines()]
    assert (lines[0]["trace_id"], lines[0]["span_id"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")
    assert "trace_id" not in lines[1]


def test_what_cannot_be_meant_is_refused_when_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidSettingsError, match="not HOST:PORT"):
        KafkaHandler("kafka")
    with pytest.raises(SettingsError, match="cannot hold one record"):
        KafkaHandler(NOWHERE, memory_max_bytes=10)
    with pytest.raises(SettingsError, match="cannot be read"):
        KafkaHandler(config="/no/such/logferry.yaml")
    with pytest.raises(InvalidSettingsError, match="acks cannot be set here"):
        KafkaHandler(NOWHERE, properties={"acks": "0"})
    monkeypatch.setenv("POD_NAME", "cart-1")
    with pytest.raises(SettingsError, match="known only in part"):
        KafkaHandler(NOWHERE)
