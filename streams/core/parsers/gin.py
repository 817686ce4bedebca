"""The access log of Go's web framework Gin.

Sample: ``[GIN] 2026/11/21 - 12:51:27 | 200 |      1.23ms |        10.0.0.7 | GET      "/ping"``. The severity follows
from the status.

Source: gin's defaultLogFormatter in logger.go.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, Found, layout


def _status(found: Found) -> int:
    return int(found["status"])


PARSER: Final = layout(
    "gin",
    rb"\[GIN\] \d{4}/|\x1b\[",
    rb"\[GIN\] (?P<time>\d{4}/\d\d/\d\d - "
    + CLOCK
    + rb") \|(?P<level>(?!))? *(?P<status>\d{3}) *\| *(?P<latency>[^|\s]{1,30}) *\| "
    rb"*(?P<client>[^|\s]{0,100}) *\| *(?P<method>[A-Z]{1,20}) +\"?(?P<url>[^\"\s]{1,16384})\"?(?: *\n(?P<body>.*))?",
    names={
        "method": "http.request.method",
        "url": "url.original",
        "client": "client.address",
        "status": "http.response.status_code",
    },
    integers=("http.response.status_code",),
)._replace(status=_status)
