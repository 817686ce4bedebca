"""The logging handler: its lines reach a real Kafka, and without one it is never in the way."""

from __future__ import annotations

import json
import logging
import logging.config
import logging.handlers
import multiprocessing
import queue
import subprocess
import sys
import time
from typing import Any

import pytest

from producers.handler import KafkaHandler
from tests.conftest import PipelineMaker
from tests.producers.handler.arrived import NOWHERE, Maker, chunks_of, lines_of

pytestmark = pytest.mark.timeout(200)


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
