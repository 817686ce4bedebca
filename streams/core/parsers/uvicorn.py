"""Uvicorn and what is built upon it (FastAPI, Starlette): level, colon, blanks up to the tenth column, message.

Samples: ``INFO:     Application startup complete.``, ``WARNING:  Unsupported upgrade request.``,
``INFO:     10.0.0.7:50000 - "GET /items?a=1 HTTP/1.1" 200 OK`` (access).

Source: uvicorn.logging.DefaultFormatter and AccessFormatter.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers.layout import layout
from streams.core.parsers.parsed import Fields

_LEVEL: Final = rb"(?:INFO(?=:     \S)|(?:TRACE|DEBUG|ERROR)(?=:    \S)|WARNING(?=:  \S)|CRITICAL(?=: \S))"
_ACCESS: Final = re.compile(
    r'(?:(\S{1,100}):(\d{1,5}) )?- "([A-Z]{1,20}) (\S{1,16384}) HTTP/([\d.]{1,5})" (\d{3})(?: |\Z)'
)
_NAMES: Final = (
    "client.address",
    "client.port",
    "http.request.method",
    "url.original",
    "network.protocol.version",
    "http.response.status_code",
)


def _access(event: Fields) -> None:
    access = _ACCESS.match(event["body"])
    if access:
        found = {name: value for name, value in zip(_NAMES, access.groups(), strict=True) if value is not None}
        integers = ("client.port", "http.response.status_code")
        event["attributes"] |= {name: int(value) if name in integers else value for name, value in found.items()}


PARSER: Final = layout(
    "uvicorn",
    _LEVEL + rb":",
    rb"(?P<level>" + _LEVEL + rb"): +(?P<body>.*)",
    finish=_access,
)
