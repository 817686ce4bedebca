"""The logging handler: its lines reach a real Kafka, and without one it is never in the way."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.config
import logging.handlers
import multiprocessing
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.pipeline import Pipeline
from deploy.topics import apply_topics
from producers.handler import KafkaHandler
from schemas.errors import SettingsError
from schemas.settings import InvalidSettingsError
from schemas.topics import topics_for
from tests.conftest import PipelineMaker

pytestmark = pytest.mark.timeout(200)

NOWHERE = "127.0.0.1:1"
VARIABLES = ("POD_NAMESPACE", "POD_NAME", "POD_UID", "CONTAINER_NAME", "NODE_NAME", "LOGFERRY_CONFIG")

Maker = Callable[..., KafkaHandler]


@pytest.fixture(autouse=True)
def _outside_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make() -> Iterator[Maker]:
    """Makes handlers; those without Kafka end soon."""
    made: list[KafkaHandler] = []

    def handler(*arguments: Any, **options: Any) -> KafkaHandler:
        made.append(KafkaHandler(*arguments, **options))
        return made[-1]

    yield handler
    for each in made:
        each._flush_timeout_secs = 0.1
        each.close()


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger of the test's own, outside the tree."""
    logger = logging.Logger("shop.cart")  # noqa: LOG001 - nobody else's
    yield logger
    logger.handlers.clear()


def chunks_of(pipeline: Pipeline) -> list[dict[str, Any]]:
    found = pipeline.values("raw", "raw_chunk")
    return sorted(found, key=lambda chunk: (chunk["incarnation"], int(chunk["offset"])))


def lines_of(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [json.loads(line) for chunk in chunks_of(pipeline) for line in chunk["payload"].splitlines()]


def held(handler: KafkaHandler) -> bytes:
    """Lines that no chunk holds yet."""
    return bytes(handler._sender._batches._open)


def test_records_arrive_whole_in_order_with_who_wrote_them(
    new_pipeline: PipelineMaker, make: Maker, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = new_pipeline()
    pod = {"POD_NAMESPACE": "shop", "POD_NAME": "cart-1", "POD_UID": "uid-1", "CONTAINER_NAME": "app"}
    for name, value in pod.items():
        monkeypatch.setenv(name, value)
    handler = make(config=pipeline.config, fields={"service.name": "cart"})
    log.addHandler(handler)
    for number in range(5000):
        log.info("line %d", number, extra={"user": "u1"})
    handler.close()
    lines, chunks = lines_of(pipeline), chunks_of(pipeline)
    assert [line["message"] for line in lines] == [f"line {number}" for number in range(5000)]
    assert lines[0].items() >= {"level": "INFO", "logger": "shop.cart", "user": "u1", "service.name": "cart"}.items()
    source = chunks[0]["source"]
    assert (source["node"], source["kind"], source["framing"], source["tag"]) == ("node-1", "handler", "raw", None)
    container = {"namespace": "shop", "pod": "cart-1", "pod_uid": "uid-1", "name": "app"}
    assert source["container"].items() >= container.items()
    position = 0
    for chunk in chunks:
        assert chunk["offset"] == position
        position += len(chunk["payload"])
    assert [chunk["ended"] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[0]["resumed"] == {"inside_line": False, "open_streams": {}}


def test_a_single_line_is_sent_within_a_quarter_of_a_second(
    new_pipeline: PipelineMaker, make: Maker, log: logging.Logger
) -> None:
    pipeline = new_pipeline()
    handler = make(config=pipeline.config)
    log.addHandler(handler)
    log.info("first")
    handler.flush()
    began = time.monotonic()
    log.info("second")
    with handler._sender._changed:
        assert handler._sender._changed.wait_for(lambda: handler._sender._batches.is_empty, 10)
    assert time.monotonic() - began < 0.25
    assert [line["message"] for line in lines_of(pipeline)] == ["first", "second"]


def test_it_is_made_by_dict_config_and_works_behind_a_queue(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"short": {"format": "%(levelname)s: %(message)s"}},
            "handlers": {
                "kafka": {
                    "class": "producers.handler.KafkaHandler",
                    "level": "WARNING",
                    "bootstrap_servers": pipeline.bootstrap_servers,
                    "topic_prefix": pipeline.settings.topics.prefix,
                    "tag": "shop.cart",
                    "formatter": "short",
                }
            },
            "loggers": {"test.dict_config": {"handlers": ["kafka"], "level": "INFO", "propagate": False}},
        }
    )
    logger = logging.getLogger("test.dict_config")
    (handler,) = logger.handlers
    assert isinstance(handler, KafkaHandler)
    records: queue.Queue[Any] = queue.Queue()
    listener = logging.handlers.QueueListener(records, handler)
    listener.start()
    behind_queue = logging.Logger("behind")  # noqa: LOG001 - nobody else's
    behind_queue.addHandler(logging.handlers.QueueHandler(records))
    logger.info("below the level")
    logger.warning("number %d", 1)
    try:
        raise ValueError("broken")
    except ValueError:
        behind_queue.exception("number %d", 2, extra={"user": "u1"})
    listener.stop()
    logger.removeHandler(handler)
    handler.close()
    lines = lines_of(pipeline)
    assert lines[0]["message"] == "WARNING: number 1"
    assert "ValueError: broken" in lines[1]["message"]
    assert lines[1]["user"] == "u1"
    assert chunks_of(pipeline)[0]["source"]["tag"] == "shop.cart"


def test_a_forked_child_has_an_incarnation_of_its_own_and_sends_what_it_logs(
    new_pipeline: PipelineMaker, make: Maker, log: logging.Logger
) -> None:
    pipeline = new_pipeline()
    handler = make(config=pipeline.config)
    log.addHandler(handler)
    log.info("before")
    handler.flush()
    log.info("parent's own")
    child = multiprocessing.get_context("fork").Process(target=log.info, args=("in the child",))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    log.info("after")
    handler.close()
    by_life: dict[bytes, list[str]] = {}
    for chunk in chunks_of(pipeline):
        by_life.setdefault(chunk["incarnation"], []).extend(
            json.loads(line)["message"] for line in chunk["payload"].splitlines()
        )
    assert sorted(by_life.values()) == [["before", "parent's own", "after"], ["in the child"]]


def test_what_was_logged_is_sent_when_the_process_ends(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    code = """
import logging, sys
from producers.handler import KafkaHandler
logging.basicConfig(level="INFO", handlers=[KafkaHandler(config=sys.argv[1])])
for number in range(1000): logging.info("line %d", number)
"""
    subprocess.run([sys.executable, "-c", code, str(pipeline.config)], check=True, timeout=60)
    assert [line["message"] for line in lines_of(pipeline)] == [f"line {number}" for number in range(1000)]


def test_a_process_ends_in_bounded_time_without_kafka_and_says_what_is_lost() -> None:
    code = f"""
import logging
from producers.handler import KafkaHandler
logging.basicConfig(level="INFO", handlers=[KafkaHandler("{NOWHERE}", flush_timeout_secs=1.0)])
for number in range(10): logging.info("line %d", number)
"""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert time.monotonic() - began < 10
    assert done.stderr == b"logferry: 10 log records did not reach Kafka before the end\n"


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


class forwarder:  # noqa: N801 - used like a function
    """Listens on a port and passes connections on to a server; ends with its ``with`` block."""

    def __init__(self, port: int, target: str) -> None:
        host, _, number = target.partition(",")[0].rpartition(":")
        self._target = (host, int(number))
        self._server = socket.create_server(("127.0.0.1", port))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> None:
        self._threads[0].start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._threads[0].join()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._sockets += [client, server]
            for pair in ((client, server), (server, client)):
                self._threads.append(threading.Thread(target=self._copy, args=pair))
                self._threads[-1].start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(65536):
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
