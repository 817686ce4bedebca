"""Real clients of the inputs that listen, each as a program would use it."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from fluent import sender
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from bench.pipeline import Pipeline
from tests.tools.debian import program

Address = tuple[str, int]


def listening(pipeline: Pipeline, name: str, scheme: str) -> Address:
    """Where an input of the producer listens; waits until it does."""
    pattern = re.compile(rf"listening: .*\b{name} at {scheme}://([\d.]+):(\d+)")
    pipeline.wait_until(lambda: pattern.search(pipeline.log("produce")), bool, f"{name} to listen")
    host, port = pattern.findall(pipeline.log("produce"))[-1]
    return host, int(port)


def by_logger(address: Address, folder: Path, texts: Sequence[str], *options: str) -> None:
    """The program logger of util-linux, a message for each line of a file."""
    logger = program("bsdutils", "usr/bin/logger")
    path = folder / f"lines{'-'.join(options)}"
    path.write_text("".join(f"{text}\n" for text in texts))
    place = ["--server", address[0], "--port", str(address[1]), "--tag", "shop", "--file", str(path)]
    subprocess.run([logger.path, *options, *place], check=True, timeout=60, env=logger.environment)


def by_fluent_logger(address: Address, texts: Sequence[str]) -> None:
    """The package fluent-logger; every record names its pod, as Fluent Bit's filter does."""
    pod = {"namespace_name": "shop", "pod_name": "cart-2", "container_name": "app", "labels": {"app": "cart"}}
    with sender.FluentSender("shop", host=address[0], port=address[1], nanosecond_precision=True) as logger:
        for text in texts:
            assert logger.emit("cart", {"log": text, "kubernetes": pod}), logger.last_error


def by_opentelemetry(address: Address, texts: Sequence[str]) -> None:
    """OpenTelemetry's SDK, whose resource names its pod."""
    resource = Resource({"service.name": "cart", "k8s.namespace.name": "shop", "k8s.pod.name": "cart-3"})
    provider = LoggerProvider(resource)
    exporter = OTLPLogExporter(f"http://{address[0]}:{address[1]}/v1/logs")
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, max_queue_size=len(texts) + 1))
    logger = provider.get_logger("shop")
    for text in texts:
        logger.emit(LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.WARN, body=text))
    assert provider.force_flush()
    provider.shutdown()


def by_ndjson(address: Address, texts: Sequence[str]) -> None:
    """The standard library, 100 lines a request."""
    for at in range(0, len(texts), 100):
        body = "".join(f"{json.dumps({'level': 'error', 'msg': text})}\n" for text in texts[at : at + 100])
        url = f"http://{address[0]}:{address[1]}/logs/shop.ndjson"
        request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/x-ndjson"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200
