"""From a body to chunks: is it what it says, how many records does it hold, where is it cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from producers.chunk import Chunk, Source
from producers.core.http.bodies import cut, json_lines, lines_of
from producers.core.http.otlp_shape import json_records, protobuf_records
from producers.core.http.refusals import Refusal, refusal
from producers.core.http.requests import Upload

LONG_WORK_BYTES: Final = 128 * 1024
"""JSON longer than this is looked through in a thread: 128 KiB of OTLP take 7 ms of CPU, 6.4 MiB take 250 ms."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What is kept of a body."""

    bytes: bytes
    records: int
    """Log records of OTLP, else lines."""


def payload_of(upload: Upload, body: bytes) -> Payload | Refusal:
    """The body's bytes, unchanged but for JSON that becomes lines; refused when it is not what it says."""
    if upload.framing == "raw":
        lines = json_lines(body) if upload.is_json else body
        if isinstance(lines, str):
            return refusal("malformed", problem=lines, remedy="send valid JSON, or text/plain for lines of anything")
        return Payload(lines, lines_of(lines))
    records = json_records(body) if upload.is_json else protobuf_records(body)
    return refusal("malformed", problem=records) if isinstance(records, str) else Payload(body, records)


def chunks_of(source: Source, path: str, incarnation: bytes, payload: Payload, chunk_max_bytes: int) -> list[Chunk]:
    """Chunks of one incarnation that begins and ends with the body. An OTLP request stays whole."""
    whole = source["framing"] != "raw"
    pieces = [payload.bytes] if whole else list(cut(payload.bytes, chunk_max_bytes))
    chunks, offset = [], 0
    for number, piece in enumerate(pieces, 1):
        is_last = number == len(pieces)
        chunks.append(
            Chunk(
                source=source,
                path=path,
                incarnation=incarnation,
                offset=offset,
                payload=piece,
                lines=payload.records if whole else lines_of(piece),
                ended=is_last,
                end_reason="complete" if is_last else None,
                resumed=None if offset else {"inside_line": False, "open_streams": {}},
            )
        )
        offset += len(piece)
    return chunks
