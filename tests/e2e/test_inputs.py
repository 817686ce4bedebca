"""Every input, from a real client or file to Elasticsearch: missing 0, extra 0, altered 0.

What happens when the producer is killed or Kafka is away stands in test_inputs_faults.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from bench.pipeline import Pipeline
from runtime.kafka import client_config
from tests.conftest import PipelineMaker
from tests.e2e import node_files, senders
from tests.e2e.numbered import Verdict, judge, line, lines, of_source, route_everything

pytestmark = pytest.mark.timeout(200)

LOOPBACK = "127.0.0.1:0"
COUNTS = {
    "syslog-tcp": 2000,
    "syslog-udp": 400,  # no more than the kernel's buffer holds, for nobody sends a datagram again
    "forward": 2000,
    "otlp": 2000,
    "ndjson": 2000,
    "renamed": 2000,
    "truncated": 2000,
    "latin-1": 2000,
    "containers": 2000,
    "docker": 1000,
    "docker-pod": 1000,
    "journal": 1000,
}
DOCKER_ID, DOCKER_POD_ID = "d0" * 32, "d1" * 32
DOCKER_CONFIG = {"Name": "/web", "Config": {"Image": "nginx:1", "Labels": {"team": "shop"}}}
DOCKER_POD_CONFIG = {
    "Name": "/k8s_app_cart-4_shop_uid-4_0",
    "Config": {
        "Image": "cart:4",
        "Labels": {
            "io.kubernetes.pod.namespace": "shop",
            "io.kubernetes.pod.name": "cart-4",
            "io.kubernetes.pod.uid": "uid-4",
            "io.kubernetes.container.name": "app",
        },
    },
}
LONG = 40_000
"""Characters of a line that Docker cuts into three."""


def inputs(root: Path) -> dict[str, Any]:
    """One input of every kind."""
    return {
        "syslog": {"type": "syslog", "tcp": LOOPBACK, "udp": LOOPBACK, "tag": "syslog"},
        "forward": {"type": "forward", "listen": LOOPBACK},
        "http": {"type": "http", "listen": LOOPBACK},
        "journal": {"type": "journald", "path": str(root / "journal")},
        "docker": {"type": "docker_files", "path": f"{root}/docker/containers/*/*-json.log"},
        "text": {"type": "files", "path": [f"{root}/renamed/*.log", f"{root}/truncated/*.log"]},
        "latin": {"type": "files", "path": f"{root}/latin/*.log", "encoding": "latin-1", "tag": "host.latin"},
    }


def send_everything(pipeline: Pipeline, root: Path) -> None:
    """All clients and writers at once."""
    http, forward = senders.listening(pipeline, "http", "http"), senders.listening(pipeline, "forward", "tcp")
    syslog_tcp, syslog_udp = (senders.listening(pipeline, "syslog", scheme) for scheme in ("tcp", "udp"))
    counted = ("--tcp", "--octet-count", "--priority", "user.err")
    text = {name: lines(name, count) for name, count in COUNTS.items()}
    text["docker"][0] = line("docker", 0, size=LONG)
    container = node_files.pod_container(pipeline.node)
    with ThreadPoolExecutor(len(COUNTS)) as threads:
        running = [
            threads.submit(senders.by_logger, syslog_tcp, root, text["syslog-tcp"], *counted),
            threads.submit(senders.by_logger, syslog_udp, root, text["syslog-udp"], "--udp"),
            threads.submit(senders.by_fluent_logger, forward, text["forward"]),
            threads.submit(senders.by_opentelemetry, http, text["otlp"]),
            threads.submit(senders.by_ndjson, http, text["ndjson"]),
            threads.submit(node_files.write_renamed, root / "renamed", text["renamed"]),
            threads.submit(node_files.write_truncated, root / "truncated", text["truncated"]),
            threads.submit(node_files.write_renamed, root / "latin", text["latin-1"], "latin-1"),
            threads.submit(node_files.write_cri, container, text["containers"]),
            threads.submit(write_docker, root, text),
            threads.submit(write_journal, root, text["journal"]),
        ]
        for each in running:
            each.result()


def write_docker(root: Path, text: dict[str, list[str]]) -> None:
    folder = root / "docker" / "containers"
    node_files.write_docker(folder, DOCKER_ID, DOCKER_CONFIG, text["docker"])
    node_files.write_docker(folder, DOCKER_POD_ID, DOCKER_POD_CONFIG, text["docker-pod"])


def write_journal(root: Path, texts: list[str]) -> None:
    path, half = root / "journal" / "system.journal", len(texts) // 2
    node_files.write_entries(path, texts[:half])
    node_files.write_entries(path, texts[half:], half)


def test_every_line_of_every_input_arrives_once_and_unaltered(new_pipeline: PipelineMaker, tmp_path: Path) -> None:
    pipeline = new_pipeline(inputs=inputs(tmp_path))
    route_everything(pipeline)
    pipeline.start("produce", "stream", "search")
    send_everything(pipeline, tmp_path)
    pipeline.wait_for_documents(sum(COUNTS.values()))
    documents = list(pipeline.documents())
    assert judge(documents, COUNTS) == Verdict()
    assert pipeline.dead_letters() == []
    assert pipeline.stop("produce") == 0
    seen = {name: of_source(documents, name) for name in COUNTS}
    assert {name: (document["tag"], document["severity"]) for name, document in seen.items()} == {
        "syslog-tcp": ("syslog", "ERROR"),
        "syslog-udp": ("syslog", "INFO2"),  # notice
        "forward": ("shop.cart", "WARN"),
        "otlp": ("otlp", "WARN"),
        "ndjson": ("shop.ndjson", "ERROR"),
        "renamed": ("host.app", "WARN"),
        "truncated": ("host.app", "WARN"),
        "latin-1": ("host.latin", "WARN"),
        "containers": ("kube.shop.cart-1.app", "WARN"),
        "docker": ("docker.web", "WARN"),
        "docker-pod": ("kube.shop.cart-4.app", "WARN"),
        "journal": ("host.kubelet", "ERROR"),
    }
    pods = {name: document["kubernetes"] for name, document in seen.items() if "kubernetes" in document}
    assert {name: (pod["namespace_name"], pod["pod_name"]) for name, pod in pods.items()} == {
        "containers": ("shop", "cart-1"),
        "docker-pod": ("shop", "cart-4"),
        "forward": ("shop", "cart-2"),
        "otlp": ("shop", "cart-3"),
    }
    assert pods["docker-pod"]["container_image"] == "cart:4"
    assert pods["forward"]["labels"] == {"app": "cart"}
    assert seen["docker-pod"]["docker"] == {"container_id": DOCKER_POD_ID}
    assert seen["docker"]["attributes"] == {
        "container.name": "web",
        "container.id": DOCKER_ID,
        "container.image.name": "nginx:1",
        "container.label.team": "shop",
    }
    assert {name: seen[name]["attributes"]["appname"] for name in ("syslog-tcp", "syslog-udp")} == {
        "syslog-tcp": "shop",
        "syslog-udp": "shop",
    }
    assert seen["journal"]["attributes"]["_SYSTEMD_UNIT"] == "kubelet.service"


def test_a_single_line_of_a_quiet_container_reaches_kafka_in_a_moment(new_pipeline: PipelineMaker) -> None:
    """Half of 30 lines within a second, on any machine; how fast it really is, benchmarks say."""
    pipeline = new_pipeline()
    container = node_files.pod_container(pipeline.node)
    container.append(node_files.cri_lines([line("quiet", 0)]))
    consumer = reader_of_raw(pipeline)
    pipeline.start("produce")
    chance, delays = random.Random(20261121), []
    assert b"seq=000000" in next_value(consumer, pipeline)
    for number in range(1, 31):
        time.sleep(chance.uniform(0.1, 0.9))  # the quiet between the lines is what is tested
        written = time.monotonic()
        container.append(node_files.cri_lines([line("quiet", number)], number))
        assert b"seq=%06d" % number in next_value(consumer, pipeline)
        delays.append(time.monotonic() - written)
    consumer.close()
    print(f"a quiet container's line in Kafka: median {median(delays) * 1e3:.0f} ms, worst {max(delays) * 1e3:.0f} ms")  # noqa: T201 - shown with -rP
    assert median(delays) < 1.0


def reader_of_raw(pipeline: Pipeline) -> Consumer:
    """Reads the raw topic from its beginning, outside any group."""
    topic = pipeline.settings.topics.names.raw
    consumer = Consumer(client_config(pipeline.settings.kafka, "reader") | {"group.id": "unused"})
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    return consumer


def next_value(consumer: Consumer, pipeline: Pipeline) -> bytes:
    """The next record's value, within 120 s."""
    record = consumer.poll(120.0)
    assert record is not None, pipeline.tails()
    assert record.error() is None, record.error()
    value = record.value()
    assert isinstance(value, bytes)
    return value
