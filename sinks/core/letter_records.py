"""Dead letters as LogRecords, so that whatever takes records can show them: an index, a table, another cluster.

::

    tag logferry.dead-letter, severity ERROR
    body        rejected_by_destination: document_parsing_exception: failed to parse field [attributes.amount] …
    original    the bytes as they were read, as text
    attributes  {"stage":"sink/search","reason":"rejected_by_destination","topic":"logs.app","partition":3,…}

The id follows from where the bad input stood and who refused it, so a letter that was written twice is one record. So
does the timestamp, as far as Kafka's time of that input is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from schemas.identity import INCOMPLETE, incarnation, record_id, source_id

TAG: Final = "logferry.dead-letter"
MARK_STAGE: Final = "redrive"
"""Such a letter is none: it says that others were sent again."""
ORIGINAL_MAX_CHARACTERS: Final = 32 * 1024
"""So much of the original is shown; `logferry dead-letters` has all of it."""
_ERROR: Final = (17, "ERROR")


def record_of(letter: Mapping[str, Any]) -> dict[str, Any] | None:
    """The LogRecord of a DeadLetter (as schemas/avro has both); None for a mark of redriving."""
    if letter["stage"] == MARK_STAGE:
        return None
    source = source_id("", "dead_letter", letter["stage"], letter["topic"], str(letter["partition"]))
    place = f"{letter['topic_offset']}\n{letter['incarnation'] or ''}".encode()
    life, offset = incarnation(source, 0, place), (letter["offset"] or 0) % INCOMPLETE
    number, level = _ERROR
    return {
        "resource": {
            "source_id": source,
            "node": "",
            "path": f"{letter['topic']}/{letter['partition']}/{letter['topic_offset']}",
            "incarnation": life.hex(),
            "tag": TAG,
            "kubernetes": None,
        },
        "id": record_id(life, offset),
        "offset": offset,
        "timestamp": letter["topic_timestamp"] or letter["failed_at"],
        "observed_timestamp": letter["failed_at"],
        "stream": None,
        "severity_number": number,
        "severity_text": level,
        "body": f"{letter['reason']}: {letter['message']}",
        "original": _text(letter["original"]),
        "attributes": json.dumps(_attributes(letter), ensure_ascii=False, separators=(",", ":")),
        "trace_id": None,
        "span_id": None,
        "parser": "dead_letter",
        "flags": [],
    }


def _attributes(letter: Mapping[str, Any]) -> dict[str, Any]:
    names = ("stage", "reason", "topic", "partition", "topic_offset", "source_id", "incarnation", "offset", "redacted")
    return {name: letter[name] for name in names if letter[name] is not None}


def _text(original: bytes) -> str:
    text = original[: 4 * ORIGINAL_MAX_CHARACTERS].decode(errors="backslashreplace")
    return text if len(text) <= ORIGINAL_MAX_CHARACTERS else f"{text[:ORIGINAL_MAX_CHARACTERS]}…"
