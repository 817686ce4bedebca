"""The access log of Django's development server.

Samples: ``[21/Nov/2026 01:02:03] "GET /admin/ HTTP/1.1" 200 2216``. The severity follows from the status.

Source: django.core.servers.basehttp and Django's default logging configuration (``[{server_time}] {message}``).
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import Found, layout


def _status(found: Found) -> int:
    return int(found["status"])


PARSER: Final = layout(
    "django",
    rb"\[\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d\] \"",
    rb"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d)\] (?P<level>(?!))?"
    rb"(?P<body>\"(?P<method>[A-Z]{1,20}) (?P<url>\S{1,16384})(?: HTTP/(?P<version>[\d.]{1,5}))?\" "
    rb"(?P<status>\d{3}) (?P<size>\d{1,18}))\Z",
    names={
        "method": "http.request.method",
        "url": "url.original",
        "version": "network.protocol.version",
        "status": "http.response.status_code",
        "size": "http.response.body.size",
    },
    integers=("http.response.status_code", "http.response.body.size"),
)._replace(status=_status)
