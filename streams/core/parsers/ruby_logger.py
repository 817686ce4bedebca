"""Ruby's Logger, and so Rails, Sidekiq and Puma where they use it.

Samples: ``I, [2026-11-21T01:02:03.123456 #1]  INFO -- : Started GET "/"``, ``E, [2026-11-21T01:02:03.123456 #1] ERROR
-- shop: no``, ``… INFO -- : [d6d8c5a3-3b5f-4b0a-9d6c-3d1f5a1f8a11] Completed 200 OK`` (Rails with ``config.log_tags``:
the request's id is the attribute ``request_id`` too). The level ANY is unknown.

Source: Ruby's Logger::Formatter; Rails' generated production.rb.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, layout
from streams.core.parsers.parsed import Fields

_REQUEST: Final = re.compile(r"\[([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\] ")


def _request(event: Fields) -> None:
    request = _REQUEST.match(event["body"])
    if request:
        event["attributes"]["request_id"] = request[1]


PARSER: Final = layout(
    "ruby_logger",
    rb"[DIWEFA], \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} #",
    rb"[DIWEFA], \[(?P<time>"
    + DATE
    + rb"T"
    + CLOCK
    + rb"\.\d{6}) #(?P<pid>\d{1,18})\] +(?:(?P<level>DEBUG|INFO|WARN|ERROR|FATAL)|ANY) -- "
    rb"(?P<program>[^\n:]{0,200}): ?(?P<body>.*)",
    names={"pid": "process.pid"},
    integers=("process.pid",),
    finish=_request,
)
