"""Spring Boot's default console pattern, with and without trace context.

Samples: ``2026-11-21 01:02:03.123  INFO 1 --- [           main] o.e.App                  : msg`` (1 and 2),
``2026-11-21T01:02:03.123+01:00  WARN 1 --- [shop] [nio-8080-exec-1] [<32 hex>-<16 hex>] o.e.App : msg`` (3),
``… INFO [shop,<32 hex>,<16 hex>,true] 1 --- [main] o.e.App : msg`` (Spring Cloud Sleuth).

Sources: Spring Boot's logback defaults.xml (CONSOLE_LOG_PATTERN) and CorrelationIdFormatter; Sleuth's
``logging.pattern.level``.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, LEVEL, ZONE, layout
from streams.core.parsers.parsed import Fields

_TIME: Final = DATE + rb"[ T]" + CLOCK + rb"[.,]\d{3}" + ZONE + rb"?"
_SLEUTH: Final = (
    rb"(?: "
    rb"\[(?P<sleuth>[^,\]\s]{0,200}),(?:(?P<trace2>[0-9a-f]{32})|[0-9a-f]{16})?,(?:(?P<span2>[0-9a-f]{16}))?[^\]\n]{0,50}\])?"
)
_CORRELATION: Final = rb"(?:\[(?:(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})| +)\] )?"


def _sleuth(event: Fields) -> None:
    found = event["attributes"]
    event["trace_id"] = found.pop("trace2", event["trace_id"])
    event["span_id"] = found.pop("span2", event["span_id"])


PARSER: Final = layout(
    "spring_boot",
    rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.,]\d{3}[\dZ: +-]{0,7} +[A-Z]{3,9}[ \[][^\n]{0,200}?--- \[",
    rb"(?P<time>" + _TIME + rb") +(?P<level>" + LEVEL + rb")" + _SLEUTH + rb" (?:(?P<pid>\d{1,18})|\S{1,20}) --- "
    rb"(?:\[(?P<service>[^\]\n]{1,200})\] (?=\[(?![0-9a-f]{32}-| +\])))?\[(?P<thread>[^\]\n]{1,200})\] "
    + _CORRELATION
    + rb"(?P<logger>[^\s:]{1,300}) *: ?(?P<body>.*)",
    names={"pid": "process.pid", "service": "service.name", "sleuth": "service.name", "thread": "thread.name"},
    integers=("process.pid",),
    finish=_sleuth,
)
