"""Letters and groups of them, as tables for people and as JSON for machines."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

from deploy.dead_letters.core.complaint import complaints
from deploy.dead_letters.core.groups import Group
from deploy.dead_letters.core.letter import Letter
from deploy.dead_letters.core.origin import Origin
from deploy.dead_letters.core.shown import as_text, hex_dump
from deploy.search.lines import safe
from schemas.document import iso_time

EXAMPLE_CHARACTERS: Final = 200
SHOWN_BYTES: Final = 4096
"""Of an original; `--raw` gives all of it."""


def group_row(group: Group) -> dict[str, Any]:
    """A line of ``list``."""
    return {
        "reason": group.reason,
        "letters": f"{group.letters:,}",
        "sent again": f"{group.sent_again:,}",
        "first": _time(group.first),
        "last": _time(group.last),
        "stages": ", ".join(sorted(group.stages)),
        "topics": ", ".join(sorted(filter(None, group.topics))),
        "see": group.place,
        "example": _short(group.example),
    }


def group_json(group: Group) -> dict[str, Any]:
    """The same for machines."""
    return {
        "reason": group.reason,
        "letters": group.letters,
        "sent_again": group.sent_again,
        "bytes": group.bytes,
        "first": iso_time(group.first),
        "last": iso_time(group.last),
        "stages": dict(group.stages),
        "topics": dict(group.topics),
        "message": group.example,
        "example": group.place,
    }


def letter_row(letter: Letter, origin: Origin, *, sent_again: bool) -> dict[str, Any]:
    """A line of ``list --each``."""
    fields = letter.fields
    return {
        "letter": letter.place,
        "failed": _time(fields["failed_at"]),
        "stage": fields["stage"],
        "reason": fields["reason"],
        "from": _from(fields),
        "id": origin.id or "",
        "bytes": f"{len(letter.original):,}",
        "sent again": "yes" if sent_again else "",
        "message": _short(fields["message"]),
    }


def letter_json(letter: Letter, origin: Origin, *, sent_again: bool) -> dict[str, Any]:
    """All of a letter; the original and headers in base64."""
    fields = letter.fields
    return {
        "letter": letter.place,
        **{name: fields[name] for name in ("stage", "reason", "message", "topic", "partition", "topic_offset")},
        "key": letter.key.decode(errors="replace"),
        "failed_at": iso_time(fields["failed_at"]),
        "source_id": origin.source_id,
        "incarnation": origin.incarnation.hex() if origin.incarnation else None,
        "offset": origin.position,
        "id": origin.id,
        "redacted": fields["redacted"],
        "headers": {name: _base64(value) for name, value in fields["headers"].items()},
        "complaints": complaints(fields["message"], origin.document),
        "sent_again": sent_again,
        "original": _base64(letter.original),
    }


def letter_lines(letter: Letter, origin: Origin) -> Iterator[str]:
    """All of a letter for people."""
    fields = letter.fields
    yield f"letter {letter.place}"
    told = {
        "failed": _time(fields["failed_at"]),
        "stage": fields["stage"],
        "reason": fields["reason"],
        "message": safe(fields["message"]),
        "from": _from(fields),
        "key": safe(letter.key.decode(errors="replace")),
        "source": origin.source_id,
        "incarnation": origin.incarnation.hex() if origin.incarnation else None,
        "offset": origin.position,
        "record id": origin.id,
        "redacted": "yes: what follows is not verbatim" if fields["redacted"] else None,
        **{f"header {safe(name)}": safe(value.decode(errors="replace")) for name, value in fields["headers"].items()},
    }
    yield from (f"  {name:<12} {value}" for name, value in told.items() if value not in (None, ""))
    for name, value in complaints(fields["message"], origin.document).items():
        yield f"  complains of {safe(name)} = {safe(repr(value))[:EXAMPLE_CHARACTERS]}"
    yield from _content(letter.original)


def _content(original: bytes) -> Iterator[str]:
    yield f"  original: {len(original):,} bytes" + (":" if original else "")
    shown, text = original[:SHOWN_BYTES], as_text(original)
    if text is not None:
        yield from (f"    {safe(line)}" for line in shown.decode(errors="ignore").splitlines())
    else:
        yield from (f"    {line}" for line in hex_dump(shown))
    if len(original) > len(shown):
        yield f"    … {len(original) - len(shown):,} more bytes: --raw gives all of them"


def _from(fields: dict[str, Any]) -> str:
    return f"{fields['topic']} {fields['partition']}:{fields['topic_offset']}" if fields["topic"] else ""


def _time(nanos: int) -> str:
    return iso_time(nanos)[:19] + "Z"


def _short(text: str) -> str:
    line = safe(text).replace("\n", " ")
    return line if len(line) <= EXAMPLE_CHARACTERS else line[: EXAMPLE_CHARACTERS - 1] + "…"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
