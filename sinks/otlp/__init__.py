"""Sink ``otlp``: every record a log record of OpenTelemetry, to a collector or whatever else takes OTLP over HTTP.

::

    sinks:
      collector: {type: otlp, topics: [logs.app], url: "http://otel-collector:4318"}

Protocol: OTLP 1.x over HTTP in binary Protobuf (https://opentelemetry.io/docs/specs/otlp/). Attributes are named by the
semantic conventions (https://opentelemetry.io/docs/specs/semconv/).

Delivery: each record at least once, under the same ``log.record.uid``. A request is finished when the server has
answered 2xx. No answer, 429, 502, 503 and 504 are tried again, and so are 401, 403, 404, 407 and 408, which say nothing
about the records and are put right outside. For any other status the request is divided until the record that is not
taken stands alone and goes to the dead letters. A partial success names a number but no records: none is sent again
(OTLP forbids it), so many are counted as ``refused_unnamed``, and the log has the server's words and the ids between
which they are.
"""
