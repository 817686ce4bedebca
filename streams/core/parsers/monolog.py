"""PHP's Monolog: Symfony, Laravel, Magento and most others.

Samples: ``[2026-11-21T01:02:03.123456+00:00] request.INFO: Matched route {"route":"home"} []``,
``[2026-11-21 01:02:03] production.ERROR: no {"userId":1}`` (Laravel).

Context and extra, the objects at the end, become attributes, those of extra under ``extra``.

Source: Monolog's LineFormatter (``[%datetime%] %channel%.%level_name%: %message% %context% %extra%``); Laravel's
LogManager.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from streams.core.parsers.layout import DATE_TIME, layout
from streams.core.parsers.parsed import Fields

_ATTEMPTS: Final = 8
"""So many places are tried as the beginning of an object: enough for a message that has blanks and braces itself."""


def _context(event: Fields) -> None:
    text, extra = _take_last(event["body"].rstrip())
    if extra is None:
        return
    rest, context = _take_last(text)
    if context is None:
        text, context, extra = text, extra, {}
    else:
        text = rest
    event["body"] = text
    event["attributes"] = (
        (context if isinstance(context, dict) else {"context": context} if context else {})
        | ({"extra": extra} if extra else {})
        | event["attributes"]
    )


def _take_last(text: str) -> tuple[str, Any]:
    """Split off the last object or list; None when the text does not end in one."""
    place = len(text)
    for _ in range(_ATTEMPTS if text[-1:] in ("}", "]") else 0):
        place = max(text.rfind(" {", 0, place), text.rfind(" [", 0, place))
        if place < 0:
            break
        try:
            return text[:place], orjson.loads(text[place + 1 :])
        except orjson.JSONDecodeError:
            continue
    return text, None


PARSER: Final = layout(
    "monolog",
    rb"\[\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^\]\n]{0,20}\] [\w-]+\.[A-Z]",
    rb"\[(?P<time>"
    + DATE_TIME
    + rb")\] (?P<channel>[\w-]{1,100}+)\.(?P<level>DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY): "
    rb"(?P<body>.*)",
    finish=_context,
)
