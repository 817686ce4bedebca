"""A payload of each framing, as its specification has it."""

from __future__ import annotations

import msgpack
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

TRACE = "5b8efff798038103d269b633813fc60c"
SPAN = "eee19b7ec3c1b174"


def counted(*messages: bytes) -> bytes:
    """Syslog messages behind their octet counts."""
    return b"".join(b"%d %b" % (len(message), message) for message in messages)


def event_time(seconds: int, nanos: int) -> msgpack.ExtType:
    return msgpack.ExtType(0, seconds.to_bytes(4, "big") + nanos.to_bytes(4, "big"))


def otlp_request() -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    logs.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = logs.scope_logs.add()
    scope.scope.name, scope.scope.version = "my.library", "1.0.0"
    record = scope.log_records.add(
        time_unix_nano=1544712660300000000,
        observed_time_unix_nano=1544712660400000000,
        severity_number=10,
        severity_text="Information",
        trace_id=bytes.fromhex(TRACE),
        span_id=bytes.fromhex(SPAN),
        event_name="order.placed",
    )
    record.body.string_value = "Example log record"
    record.attributes.add(key="string.attribute").value.string_value = "some string"
    record.attributes.add(key="boolean.attribute").value.bool_value = True
    record.attributes.add(key="int.attribute").value.int_value = 10
    record.attributes.add(key="double.attribute").value.double_value = 637.704
    array = record.attributes.add(key="array.attribute").value.array_value
    array.values.add().string_value = "many"
    array.values.add().string_value = "values"
    record.attributes.add(key="map.attribute").value.kvlist_value.values.add(
        key="some.map.key"
    ).value.string_value = "v"
    second = scope.log_records.add(time_unix_nano=1544712660500000000)
    second.body.kvlist_value.values.add(key="n").value.int_value = 1
    return request


OTLP_JSON = b"""{"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue":
"my.service"}}]}, "scopeLogs": [{"scope": {"name": "my.library", "version": "1.0.0", "attributes": [{"key":
"my.scope.attribute", "value": {"stringValue": "some scope attribute"}}]}, "logRecords": [{"timeUnixNano":
"1544712660300000000", "observedTimeUnixNano": "1544712660300000000", "severityNumber": 10, "severityText":
"Information", "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "body":
{"stringValue": "Example log record"}, "unknownMember": 1, "attributes": [{"key": "string.attribute", "value":
{"stringValue": "some string"}}, {"key": "int.attribute", "value": {"intValue": "10"}}, {"key":
"double.attribute", "value": {"doubleValue": 637.704}}, {"key": "map.attribute", "value": {"kvlistValue":
{"values": [{"key": "some.map.key", "value": {"stringValue": "some value"}}]}}}]}]}]}]}"""
"""examples/logs.json of opentelemetry-proto, and a member that nobody knows."""

JOURNAL = (
    b"__CURSOR=s=739ad463348b4ceca5a9e69c95a3c93f;i=4ece7;b=6c7c6013a26343b29e964691ff25d04c;m=4fc72436e;t=4c508a72423d9;x=1\n"
    b"__REALTIME_TIMESTAMP=1342540861416409\n__MONOTONIC_TIMESTAMP=21415215982\n__SEQNUM=322791\n"
    b"_BOOT_ID=6c7c6013a26343b29e964691ff25d04c\n_TRANSPORT=syslog\nPRIORITY=4\nSYSLOG_FACILITY=3\n"
    b"SYSLOG_IDENTIFIER=gdm-password]\nSYSLOG_PID=587\nMESSAGE=AccountsService-DEBUG: ActUserManager: ignoring\n"
    b"_SYSTEMD_UNIT=gdm.service\n\n"
    b"__CURSOR=s=739ad463348b4ceca5a9e69c95a3c93f;i=4ece8;b=6c7c6013a26343b29e964691ff25d04c;m=4fc72572f;t=4c508a7243799;x=2\n"
    b"__REALTIME_TIMESTAMP=1342540861421465\n__SEQNUM=322792\n_TRANSPORT=stdout\nPRIORITY=6\n"
    b"MESSAGE\n" + (15).to_bytes(8, "little") + b"two\n\nlines \xff\x00\x07!\n"
    b"_SYSTEMD_UNIT=kubelet.service\n\n"
)  # fmt: skip

SAMPLES = {
    "cri": b"2026-11-21T01:02:03.000000004Z stdout F hello\n2026-11-21T01:02:03.000000004Z stderr P wor\n"
    b"2026-11-21T01:02:03.000000004Z stderr F ld\n",
    "docker": b'{"log":"hello\\n","stream":"stdout","time":"2026-11-21T01:02:03.000000004Z"}\n'
    b'{"log":"wor","stream":"stderr","time":"2026-11-21T01:02:03.000000004Z"}\n'
    b'{"log":"ld\\n","stream":"stderr","attrs":{"env":"prod"},"time":"2026-11-21T01:02:03.000000005Z"}\n',
    "raw": b"one\r\n\ntwo \xff\nlast",
    "syslog": counted(
        b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed for lonvick",
        b'<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [exampleSDID@32473 iut="3" eventID="1011"][x y="\\"]"]',
        b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    ),
    "journald": JOURNAL,
    "forward": msgpack.packb([event_time(1795222923, 4), {"log": "hello", "source": "stdout"}])
    + msgpack.packb([1795222923, {"message": "world", "level": "error", "n": 1}]),
    "otlp": otlp_request().SerializeToString(),
    "otlp_json": OTLP_JSON,
}
