"""Answers as responses: OTLP clients get OTLP's, in the encoding of their request, others JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from producers.core.http.credentials import CHALLENGE
from producers.core.http.refusals import Refusal, as_json, as_status, as_status_json, slow_for_otlp
from producers.core.http.requests import ACCEPTED_CODINGS, JSON, OTLP_PATH, PROTOBUF, Upload, framing_of_otlp

_EMPTY_RESPONSE: Final = {"otlp": b"", "otlp_json": b"{}"}
"""ExportLogsServiceResponse without partial_success, which the specification wants unset where all was taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A body that needs no sending again."""

    outcome: str
    records: int
    upload: Upload


def accepted(taken: Taken) -> web.Response:
    """200."""
    if taken.upload.framing == "raw":
        return web.json_response({"lines": taken.records, "repeated": taken.outcome == "repeated"})
    is_json = taken.upload.framing == "otlp_json"
    return web.Response(body=_EMPTY_RESPONSE[taken.upload.framing], content_type=JSON if is_json else PROTOBUF)


def refused(refusal: Refusal, target: str, content_type: str, retry_after_secs: int) -> web.Response:
    """The response to a request for ``target`` whose body has that media type."""
    framing = framing_of_otlp(content_type) if target.startswith(OTLP_PATH) else None
    refusal = slow_for_otlp(refusal) if framing else refusal
    if framing == "otlp":
        response = web.Response(body=as_status(refusal), content_type=PROTOBUF)
    else:
        response = web.Response(body=as_status_json(refusal) if framing else as_json(refusal), content_type=JSON)
    response.set_status(refusal.status)
    response.headers.update(_headers(refusal, retry_after_secs))
    return response


def _headers(refusal: Refusal, retry_after_secs: int) -> dict[str, str]:
    if refusal.is_temporary:
        return {"Retry-After": str(retry_after_secs)}
    if refusal.allow:
        return {"Allow": refusal.allow}
    if refusal.status == 401:
        return {"WWW-Authenticate": CHALLENGE}
    return {"Accept-Encoding": ACCEPTED_CODINGS} if refusal.outcome == "coding" else {}
