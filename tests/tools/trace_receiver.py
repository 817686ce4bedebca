"""A collector of traces for tests: takes OTLP over HTTP in Protobuf, as any collector does, and remembers the spans."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2


class Seen(NamedTuple):
    """One span."""

    service: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    start: int
    end: int
    attributes: dict[str, Any]
    links: tuple[tuple[str, str], ...]
    error: str


@dataclass
class Receiver:
    """What came, and how it is answered."""

    status: int = 200
    delay_secs: float = 0.0
    spans: list[Seen] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def traces(self) -> dict[str, list[Seen]]:
        """Spans by their trace, each once though it was sent again."""
        found: dict[str, dict[str, Seen]] = {}
        for span in self.spans:
            found.setdefault(span.trace, {})[span.id] = span
        return {trace: sorted(spans.values(), key=lambda each: each.start) for trace, spans in found.items()}


def seen(body: bytes) -> Iterator[Seen]:
    """The spans of a request."""
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        told = attributes(resource.resource.attributes)
        for span in (each for scope in resource.scope_spans for each in scope.spans):
            kind = trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower()
            links = tuple((each.trace_id.hex(), each.span_id.hex()) for each in span.links)
            error = span.status.message if span.status.code == trace_pb2.Status.STATUS_CODE_ERROR else ""
            yield Seen(
                told["service.name"], span.name, kind, span.trace_id.hex(), span.span_id.hex(),
                span.parent_span_id.hex(), span.start_time_unix_nano, span.end_time_unix_nano,
                attributes(span.attributes), links, error,
            )  # fmt: skip


def attributes(pairs: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in pairs}


@contextmanager
def receiver(**answers: Any) -> Iterator[Receiver]:
    """A receiver at a free port."""
    made = Receiver(**answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            made.headers.append({name.lower(): value for name, value in self.headers.items()})
            time.sleep(made.delay_secs)
            if made.status == 200 and self.path == "/v1/traces":
                made.spans.extend(seen(body))
            self.send_response(made.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()
