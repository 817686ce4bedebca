"""What is printed of records of an archive: lines for people, JSON for machines, raw bytes as they are. Pure.

Raw chunks of a file that was read twice overlap: of those only bytes that have not been printed yet are printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from rich.text import Text

from deploy.archive.cat import Shown
from deploy.archive.records import TEXT_FRAMINGS
from deploy.search.lines import document_line

_LINE: Final = re.compile(rb"[^\n]*\n|[^\n]+")
_HIDDEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def json_line(shown: Mapping[str, Any]) -> bytes:
    """One line of JSON."""
    return orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE)


def people_line(shown: Mapping[str, Any]) -> Text:
    """Time, severity, where it came from, message, attributes; as `logferry search` shows it."""
    kubernetes = {"namespace_name": "namespace", "pod_name": "pod", "container_name": "container"}
    document: dict[str, Any] = {
        "@timestamp": shown["timestamp"],
        "severity": shown.get("severity"),
        "message": shown.get("message") or shown.get("original") or "",
        "attributes": shown.get("attributes"),
        "tag": shown.get("tag"),
    }
    if shown.get("pod"):
        document["kubernetes"] = {name: shown.get(column) for name, column in kubernetes.items()}
    return document_line(document)


class RawPrinter:
    """Payloads of chunks, each byte of a file once; with an expression only lines that have it."""

    def __init__(self, grep: re.Pattern[str] | None = None) -> None:
        self._grep = grep
        self._printed: dict[str, list[tuple[int, int]]] = {}
        """Incarnation -> spans of its bytes."""
        self._open: tuple[str, int] | None = None
        """Incarnation and offset behind what was printed last, where that did not end with a line's end."""

    def pieces(self, chunk: Shown) -> Iterator[bytes]:
        """The bytes to print of a chunk."""
        payload = chunk.payload or b""
        shown = orjson.loads(chunk.document)
        if shown["framing"] not in TEXT_FRAMINGS:
            yield payload
            return
        for start, end in self._new(chunk.incarnation, chunk.offset, chunk.offset + len(payload)):
            if self._open is not None and self._open != (chunk.incarnation, start):
                yield b"\n"
            piece = payload[start - chunk.offset : end - chunk.offset]
            yield from self._matching(piece)
            self._open = None if piece.endswith(b"\n") or self._grep else (chunk.incarnation, end)

    def lines(self, chunk: Shown) -> Iterator[dict[str, Any]]:
        """The same for machines: a mapping for each line; a whole chunk where it does not hold lines."""
        payload = chunk.payload or b""
        shown = orjson.loads(chunk.document)
        if shown["framing"] not in TEXT_FRAMINGS:
            yield {**shown, "offset": chunk.offset, "payload": payload.decode("utf-8", "backslashreplace")}
            return
        for start, end in self._new(chunk.incarnation, chunk.offset, chunk.offset + len(payload)):
            at = start
            for line in _LINE.findall(payload[start - chunk.offset : end - chunk.offset]):
                text = line.rstrip(b"\n").decode("utf-8", "backslashreplace")
                if self._grep is None or self._grep.search(text):
                    yield {**shown, "offset": at, "line": text}
                at += len(line)

    def _matching(self, piece: bytes) -> Iterator[bytes]:
        if self._grep is None:
            yield piece
            return
        for line in _LINE.findall(piece):
            if self._grep.search(line.decode("utf-8", "backslashreplace")):
                yield line if line.endswith(b"\n") else line + b"\n"

    def _new(self, incarnation: str, start: int, end: int) -> list[tuple[int, int]]:
        found, self._printed[incarnation] = unseen(self._printed.get(incarnation, []), start, end)
        return found


def unseen(spans: list[tuple[int, int]], start: int, end: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Parts of a range that lie in none of the spans, and the spans with it; both by beginning, spans disjoint."""
    new, at = [], start
    for low, high in spans:
        if low > at and at < end:
            new.append((at, min(low, end)))
        at = max(at, high)
    if at < end:
        new.append((at, end))
    merged: list[tuple[int, int]] = []
    for low, high in sorted([*spans, *new]):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return new, merged


def first_lines(piece: bytes, most: int) -> tuple[bytes, int]:
    """At most so many lines from the beginning, and how many they are; the rest of a line counts as one."""
    lines = _LINE.findall(piece)
    return (piece, len(lines)) if len(lines) <= most else (b"".join(lines[:most]), most)


def safe_for_terminals(piece: bytes) -> str:
    """Raw bytes that cannot steer a terminal."""
    text = piece.decode("utf-8", "backslashreplace")
    return _HIDDEN.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
