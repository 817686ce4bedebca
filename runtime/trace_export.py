"""Spans to a collector by OTLP over HTTP in Protobuf, with OpenTelemetry's own exporter. Needs the extra `traces`."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from runtime.kafka import read_file
from runtime.own_logs import our_version

if TYPE_CHECKING:
    from runtime.trace_context import SpanRef
    from runtime.tracing import Span
    from schemas.settings import TracingSettings

_log = logging.getLogger(__name__)

QUEUE_MAX: Final = 2048
BATCH_MAX: Final = 512
DELAY_MS: Final = 1000.0
FLUSH_SECS: Final = 3.0
QUIET_SECS: Final = 600.0
"""How long a collector that fails is not spoken of again; else a line of ours, traced, would cause the next."""
_KINDS: Final = {
    "internal": SpanKind.INTERNAL,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "client": SpanKind.CLIENT,
}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


class Exporter:
    """The way out of spans; as `runtime.tracing.Ended` says."""

    def __init__(
        self, settings: TracingSettings, resource: Mapping[str, str], count: Callable[[str, int], None]
    ) -> None:
        """``count`` hears how many spans were sent, failed, or dropped; from any thread."""
        self._resource = Resource(resource)
        self._scope = InstrumentationScope("logferry", our_version())
        self._count = count
        self._waiting = 0
        self._lock = threading.Lock()
        self._closed = False
        self._processor = BatchSpanProcessor(
            _Counted(_client(settings), self._sent, str(settings.endpoint)),
            max_queue_size=2 * QUEUE_MAX,  # never reached: it would log for each span
            schedule_delay_millis=DELAY_MS,
            max_export_batch_size=BATCH_MAX,
        )

    def take(self, span: Span) -> None:
        """As Ended says."""
        with self._lock:
            keeps = self._waiting < QUEUE_MAX and not self._closed
            self._waiting += keeps
        if keeps:
            self._processor.on_end(self._readable(span))
        else:
            self._count("dropped", 1)

    def _readable(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            _context(span.ref),
            None if span.parent is None else _context(span.parent, is_remote=span.kind == "consumer"),
            self._resource,
            span.attributes,
            links=tuple(Link(_context(each, is_remote=True)) for each in span.links),
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=self._scope,
        )

    def _sent(self, amount: int, *, taken: bool) -> None:
        with self._lock:
            self._waiting -= amount
        self._count("exported" if taken else "failed", amount)

    def close(self) -> None:
        """As Ended says. The processor's own thread may go on; it ends with the process."""
        with self._lock:
            self._closed = True
        ending = threading.Thread(target=self._processor.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(FLUSH_SECS)
        if self._waiting:
            self._count("dropped", self._waiting)


class _Heard(logging.Handler):
    """Keeps the last that the exporter complained of, instead of having it logged each time."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""
        exporter = logging.getLogger(OTLPSpanExporter.__module__)
        exporter.setLevel(logging.WARNING)
        exporter.propagate = False
        exporter.handlers[:] = [self]

    def emit(self, record: logging.LogRecord) -> None:
        """As Handler says."""
        self.last = record.getMessage()


class _Counted(SpanExporter):
    """An exporter whose failures are counted, and said once in a while."""

    def __init__(self, client: SpanExporter, sent: Callable[..., None], where: str) -> None:
        self._client = client
        self._sent = sent
        self._where = where
        self._quiet_until = 0.0
        self._heard = _Heard()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As SpanExporter says; raises nothing."""
        try:
            result = self._client.export(spans)
        except Exception as error:  # whatever it is, no stage ends because nobody looks on
            result, self._heard.last = SpanExportResult.FAILURE, repr(error)
        taken = result is SpanExportResult.SUCCESS
        self._sent(len(spans), taken=taken)
        now = time.monotonic()
        if not taken and now >= self._quiet_until:
            self._quiet_until = now + QUIET_SECS
            words = "%d spans could not be sent to %s and are lost: %s; how many follow is said by metrics"
            _log.warning(words, len(spans), self._where, self._heard.last or "no reason is known")
        return result

    def shutdown(self) -> None:
        """As SpanExporter says."""
        self._client.shutdown()


def _client(settings: TracingSettings) -> OTLPSpanExporter:
    headers = {
        name: value if isinstance(value, str) else value.resolve(os.environ, read_file)
        for name, value in settings.headers.items()
    }
    return OTLPSpanExporter(
        endpoint=settings.endpoint,
        certificate_file=settings.ca_file,
        client_certificate_file=settings.certificate_file,
        client_key_file=settings.key_file or settings.certificate_file,
        headers=headers,
        timeout=settings.timeout_secs,
        compression=Compression.Gzip,
    )


def _context(ref: SpanRef, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(ref.trace, ref.span, is_remote, _SAMPLED)
