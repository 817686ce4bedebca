"""Our own log, read by ourselves: it arrives as records that say whose they are, and it comes to rest.

The logs of all stages, JSON at debug level, are the output of containers that the same producer reads. After the load
has ended, a line of ours must not cause another one for ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from bench.pipeline import Pipeline
from deploy.demo.load import Load, LoadPlan
from tests.conftest import PipelineMaker

pytestmark = pytest.mark.timeout(240)

LINES = 3000
REST_SECS = 12.0
"""So long nothing new may come: several times what a line takes from its file to the index and the archive."""
STAGES = ("produce", "stream", "search", "archive", "otlp")


class Runtime:
    """Writes what stages log as a container runtime does."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._read = dict.fromkeys(STAGES, 0)
        self._stop = threading.Event()
        self.lines = 0
        for stage in STAGES:
            log = self._file(stage)
            log.parent.mkdir(parents=True)
            log.touch()
            link = pipeline.node / f"var/log/containers/logferry-{stage}-0_logferry_{stage}-{'b' * 64}.log"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(log)

    def _file(self, stage: str) -> Path:
        uid = f"11111111-2222-3333-4444-{STAGES.index(stage):012d}"
        return self._pipeline.node / f"var/log/pods/logferry_logferry-{stage}-0_{uid}/{stage}/0.log"

    def run(self) -> None:
        while not self._stop.wait(0.1):
            for stage in STAGES:
                self._copy(stage)

    def _copy(self, stage: str) -> None:
        log = self._pipeline.folder / f"{stage}.log"
        if not log.exists():
            return
        content = log.read_bytes()[self._read[stage] :]
        whole = content[: content.rfind(b"\n") + 1]
        self._read[stage] += len(whole)
        lines = whole.splitlines()
        nanos = time.time_ns()
        with self._file(stage).open("ab") as file:
            for number, line in enumerate(lines):
                moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanos // 10**9))
                file.write(f"{moment}.{(nanos + number) % 10**9:09d}Z stderr F ".encode() + line + b"\n")
        self.lines += len(lines)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run)
        thread.start()
        yield
        self._stop.set()
        thread.join()


@contextmanager
def advising_collector() -> Iterator[str]:
    """Takes all log records, and has something to say each time."""
    answer = ExportLogsServiceResponse()
    answer.partial_success.error_message = "consider larger batches"

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.SerializeToString())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/logs"
        server.shutdown()
        thread.join()


def with_otlp(pipeline: Pipeline, url: str) -> None:
    """Add a sink to the settings."""
    settings = yaml.safe_load(pipeline.config.read_text())
    own = {"type": "otlp", "topics": [f"{pipeline.index}.app"], "group": f"{pipeline.index}-otlp", "url": url}
    settings["sinks"]["otlp"] = own
    pipeline.configure(yaml.safe_dump(settings))


def comes_to_rest(runtime: Runtime) -> int:
    """Lines of ours, when no new ones have come for a while."""
    written, since = runtime.lines, time.monotonic()
    until = since + 6 * REST_SECS
    while time.monotonic() - since < REST_SECS:
        assert time.monotonic() < until, "our own lines cause more of them"
        time.sleep(0.3)
        if runtime.lines != written:
            written, since = runtime.lines, time.monotonic()
    return written


def test_our_own_log_at_debug_level_read_by_ourselves_comes_to_rest(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline(logging={"format": "json", "level": "debug"})
    runtime = Runtime(pipeline)
    load = Load(pipeline.node, LoadPlan(files=2, lines=LINES), "node-1")
    load.write()
    pipeline.publish_pods(load.pods())
    with advising_collector() as url, runtime.running():
        with_otlp(pipeline, url)
        pipeline.start(*STAGES)
        pipeline.wait_for_documents(LINES + 10, 120)
        written = comes_to_rest(runtime)
        pipeline.wait_for_documents(LINES + written, 60)
        assert pipeline.log("otlp").count("consider larger batches") == 1
        for stage in STAGES:
            assert pipeline.stop(stage) == 0
    own = [source for _, source in pipeline.documents() if source["kubernetes"]["namespace_name"] == "logferry"]
    assert written <= len(own) < written + 20 < 200
    told = {(each["kubernetes"]["container_name"], each["attributes"]["logferry"]["stage"]) for each in own}
    assert told == {
        ("produce", "producer"), ("stream", "stream"), ("search", "sink/search"), ("archive", "sink/archive"),
        ("otlp", "sink/otlp"),
    }  # fmt: skip
    assert all(each["severity"] and each["message"] and each["attributes"]["logger"] for each in own)
