"""The benchmark's tasks: each stage alone on the same lines, and beside it the raw limit it works against.

============  =======================================================================  ======================
task          what runs                                                                 a line is
============  =======================================================================  ======================
read          reading the files in blocks                                               a line in a file
librdkafka    producing the same blocks with the bare client                            a line in a file
produce       ``logferry produce``: files to the raw topic                              a line in a file
stream        ``logferry stream``: frame, parse, keep 30 % by severity, enrich, route   a line in a file
stream-json   the same into a topic of ``format: json``                                 a line in a file
stream1       the same as stream, from its first chunk on                               a line in a file
stream2       the same with ``--workers 2``, for as long as both are busy               a line in a file
bulk          indexing prebuilt documents with the bare client                          a document
index         ``logferry sink``: records into Elasticsearch                             a record
index-json    the same from a topic of ``format: json``                                 a record
archive       ``logferry sink``: records into Parquet objects                           a record
============  =======================================================================  ======================
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import psutil
from confluent_kafka import Producer
from elasticsearch import Elasticsearch

from bench.corpus import Corpus, generate
from bench.measure import Figures, Stopwatch, peak_rss_mb
from bench.pipeline import Pipeline
from bench.together import measure as measure_together
from runtime.kafka import producer_config
from runtime.producer import enqueue
from schemas.errors import FatalError
from schemas.settings import ElasticsearchSink
from sinks.core.decode import RecordDecoder
from sinks.elasticsearch.document import RecordLines
from sinks.elasticsearch.request import BRIEF, HEADERS

BLOCK_BYTES: Final = 256 * 1024
CHANGES: Final[dict[str, Any]] = {"severity": [{"match": "**", "minimum": "warn"}]}
"""Settings of all pipelines here."""
Progress = Callable[[str], None]
START_SECS: Final = 60.0
_PORT: Final = re.compile(r"metrics at http://127\.0\.0\.1:(\d+)/metrics")


@dataclass
class Bench:
    """Servers and lines to measure with."""

    folder: Path
    bootstrap_servers: str
    elasticsearch_url: str
    lines: int

    def run(self, tasks: list[str], progress: Progress) -> Iterator[Figures]:
        """Measure tasks in the order in which they feed each other; those not asked for only feed."""
        progress(f"writing {self.lines} lines")
        name = f"bench{os.getpid()}x{int(time.time())}"
        with Pipeline(self.folder, name, self.bootstrap_servers, self.elasticsearch_url, **CHANGES) as pipeline:
            corpus = generate(pipeline.node, self.lines, pipeline.settings.topics.partitions)
            pipeline.publish_pods(corpus.pods)
            for task, measure in TASKS.items():
                if task in tasks or (task in FEEDERS and _feeds(task, tasks)):
                    progress(task)
                    figures = measure(pipeline, corpus)
                    if task in tasks:
                        yield figures


def _feeds(task: str, tasks: list[str]) -> bool:
    return any(other in FEEDERS[task] for other in tasks)


def _own(task: str, lines: int, work: Callable[[], None]) -> Figures:
    """Measure work in this process."""
    process = psutil.Process()
    before, started = process.cpu_times(), time.perf_counter()
    work()
    wall, after = time.perf_counter() - started, process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return Figures(task, lines, wall, cpu, peak_rss_mb(process.pid))


def _blocks(corpus: Corpus) -> Iterator[bytes]:
    for path in corpus.files():
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK_BYTES):
                yield block


def _read(_pipeline: Pipeline, corpus: Corpus) -> Figures:
    def work() -> None:
        for _ in _blocks(corpus):
            pass

    return _own("read", corpus.lines, work)


def _librdkafka(pipeline: Pipeline, corpus: Corpus) -> Figures:
    def work() -> None:
        producer = Producer(producer_config(pipeline.settings.kafka, buffer_max_bytes=16 * 1024 * 1024))
        for index, block in enumerate(_blocks(corpus)):
            enqueue(producer, pipeline.settings.topics.names.ledger, block, str(index % 8))
        producer.flush()

    return _own("librdkafka", corpus.lines, work)


def stage_figures(
    pipeline: Pipeline, stage: str, lines: int, done: Callable[[dict[str, float]], bool], task: str = ""
) -> Figures:
    """Run a stage until its counters are ``done``."""
    port = free_port()
    pipeline.start(stage, metrics_port=port)
    try:
        return Stopwatch(pipeline.processes[stage].pid, port).stop(task or STAGE_TASKS[stage], lines, done)
    except FatalError as error:
        raise FatalError(error.problem, remedy=pipeline.tails()) from error
    finally:
        pipeline.stop(stage)


def produce(pipeline: Pipeline, corpus: Corpus) -> Figures:
    """Files to the raw topic."""
    return stage_figures(
        pipeline,
        "produce",
        corpus.lines,
        lambda figures: figures.get("logferry_producer_acknowledged_bytes_total", 0) >= corpus.size,
    )


def stream(pipeline: Pipeline, corpus: Corpus, task: str = "stream") -> Figures:
    """The raw topic to routed ones."""

    def done(figures: dict[str, float]) -> bool:
        return (
            figures.get("logferry_stream_lines_total", 0) >= corpus.lines
            and figures.get("logferry_stream_pending_bytes", 1) == 0
        )

    return stage_figures(pipeline, "stream", corpus.lines, done, task)


def _stream_json(pipeline: Pipeline, corpus: Corpus) -> Figures:
    with _beside(pipeline, "json", form="json") as other:
        return stream(other, corpus, "stream-json")


def stream_together(workers: int) -> Callable[[Pipeline, Corpus], Figures]:
    """The same by so many workers, for as long as all of them are busy."""

    def together(pipeline: Pipeline, _corpus: Corpus) -> Figures:
        task = f"stream{workers}"
        with _beside(pipeline, task) as other:
            other.start("stream", workers=workers)
            try:
                ports = _ports(other, workers)
                pid = other.processes["stream"].pid
                return measure_together(task, pid, ports, "logferry_stream_lines_total")
            finally:
                other.stop("stream", 40)

    return together


def _beside(pipeline: Pipeline, name: str, **changes: Any) -> Pipeline:
    """A pipeline with groups and a routed topic of its own that reads the same raw topic from its beginning."""
    return Pipeline(
        pipeline.folder / name,
        pipeline.index + name,
        pipeline.bootstrap_servers,
        pipeline.url,
        source=pipeline.index,
        **CHANGES,
        **changes,
    )


def _index(pipeline: Pipeline, _corpus: Corpus) -> Figures:
    records = _records(pipeline)
    return stage_figures(
        pipeline, "search", records, lambda figures: figures.get("logferry_sink_documents_total", 0) >= records
    )


def _index_json(pipeline: Pipeline, corpus: Corpus) -> Figures:
    with _beside(pipeline, "json", form="json") as other:
        figures = _index(other, corpus)
    return replace(figures, task="index-json")


def _archive(pipeline: Pipeline, _corpus: Corpus) -> Figures:
    records = _records(pipeline)
    return stage_figures(
        pipeline, "archive", records, lambda figures: figures.get("logferry_sink_archived_records_total", 0) >= records
    )


def _bulk(pipeline: Pipeline, _corpus: Corpus) -> Figures:
    """The documents of the index task, built beforehand, in requests of the same size and as many at once."""
    sink = pipeline.settings.sinks["search"]
    assert isinstance(sink, ElasticsearchSink)
    requests = list(_requests(pipeline, sink.batch_max_bytes))
    lines = sum(count for count, _ in requests)
    client = Elasticsearch(pipeline.url, request_timeout=120)

    def send(request: tuple[int, bytes]) -> None:
        answer = client.perform_request("POST", BRIEF, headers=HEADERS, body=request[1]).body
        assert answer == {"errors": False}, answer

    def work() -> None:
        with ThreadPoolExecutor(sink.requests_in_flight) as pool:
            list(pool.map(send, requests))

    return _own("bulk", lines, work)


def _requests(pipeline: Pipeline, most_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Bulk requests for the records of the routed topic, into an index of their own."""
    decoder, writer = RecordDecoder(), RecordLines(f"{pipeline.index}-prebuilt-%Y.%m.%d")
    lines: list[bytes] = []
    size = 0
    for keys, values in pipeline.batches("app"):
        for line in writer.lines(decoder.decode(keys, values)):
            lines.append(line)
            size += len(line)
            if size >= most_bytes:
                yield len(lines), b"".join(lines)
                lines, size = [], 0
    if lines:
        yield len(lines), b"".join(lines)


def _records(pipeline: Pipeline) -> int:
    return pipeline.topic_size("app")


def free_port() -> int:
    """A TCP port of this host that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ports(pipeline: Pipeline, workers: int) -> list[int]:
    """Where the workers of the stream stage answer, by what they log; a parent of several logs its own port first.

    It would answer for all of them, but adding up figures costs it the time that is measured.
    """
    until = time.monotonic() + START_SECS
    while len(found := _PORT.findall(pipeline.log("stream"))) < workers + (workers > 1):
        if time.monotonic() > until:
            raise FatalError("the workers have not started", remedy=pipeline.tails())
        time.sleep(0.1)
    return [int(port) for port in found[-workers:]]


STAGE_TASKS: Final = {"produce": "produce", "stream": "stream", "search": "index", "archive": "archive"}
"""Stage -> task that measures it."""
TASKS: Final[dict[str, Callable[[Pipeline, Corpus], Figures]]] = {
    "read": _read,
    "librdkafka": _librdkafka,
    "produce": produce,
    "stream": stream,
    "stream-json": _stream_json,
    "stream1": stream_together(1),
    "stream2": stream_together(2),
    "bulk": _bulk,
    "index": _index,
    "index-json": _index_json,
    "archive": _archive,
}
FEEDERS: Final = {
    "produce": ("stream", "stream-json", "stream1", "stream2", "bulk", "index", "index-json", "archive"),
    "stream": ("bulk", "index", "archive"),
    "stream-json": ("index-json",),
}
"""Task -> tasks that need what it leaves behind."""
