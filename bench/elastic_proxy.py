"""A proxy before Elasticsearch that treats bulk requests as clusters, gateways and networks do on their bad days.

What happens to a request is drawn by the weather, which may be changed at any time. Documents that are answered with
429 inside a 200 are not passed on, and the answer holds what the request asked for (``filter_path``) and nothing else;
see the Elasticsearch reference, "Bulk API" and "Response filtering".
"""

from __future__ import annotations

import gzip
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from bench.http_proxy import Exchange, HttpProxy

JSON: Final = "application/vnd.elasticsearch+json;compatible-with=9"
PACK: Final = 25
_OWN: Final = {"connection", "content-length", "transfer-encoding", "accept-encoding", "content-encoding", "host"}
"""Headers of one connection, or of the form of a body that is read here."""


class Fault(Enum):
    """What may happen to a request."""

    SOME_REFUSED = "429 for some documents inside a 200"
    BUSY = "429 for the whole request"
    UNAVAILABLE = "503 of a gateway"
    UNAUTHORIZED = "401"
    TIMED_OUT = "504 after it was passed on"
    RESET_EARLY = "reset in the middle of the request"
    RESET_LATE = "reset after it was passed on"
    CUT = "the answer ends before its length"
    SHORTENED = "half an answer whose length says that it is whole"
    FEWER = "fewer items than documents"
    SLOW = "a late answer"
    FOREIGN = "a page of somebody else, with 200"


@dataclass(frozen=True)
class Weather:
    """What to expect."""

    shares: Mapping[Fault, int] = field(default_factory=dict)
    """Of every 25 bulk requests so many meet this, in a random order; the others go well."""
    lasting: Fault | None = None
    """Happens to every request, whatever it is."""
    refused_share: float = 0.1
    """Of documents, when some are refused."""
    slow_secs: float = 1.0


class ElasticProxy(HttpProxy):
    """Stands on a port of its own; use it in a ``with`` block."""

    def __init__(self, upstream: str, seed: int = 20261121) -> None:
        """``upstream``: address of the real server, ``http://HOST:PORT``."""
        super().__init__(upstream, _Exchange)
        self.weather = Weather()
        self.met: Counter[Fault] = Counter()
        """How often each fault happened."""
        self.bulk_requests = 0
        self.refused_documents = 0
        """Documents that were answered with 429 inside a 200."""
        self._chance = random.Random(seed)
        self._dealt: list[Fault | None] = []
        """What is left of the last 25."""
        self._lock = threading.Lock()

    def draw(self, path: str, lasts: Fault | None = None) -> Fault | None:
        """What happens to a request of this path; ``lasts``: it has been drawn before."""
        is_bulk = urlsplit(path).path.endswith("/_bulk")
        weather = self.weather
        with self._lock:
            self.bulk_requests += is_bulk
            fault = weather.lasting or lasts or (self._deal(weather.shares) if is_bulk and weather.shares else None)
            if fault is not None:
                self.met[fault] += 1
        return fault

    def _deal(self, shares: Mapping[Fault, int]) -> Fault | None:
        if not self._dealt:
            happening = [fault for fault, share in shares.items() for _ in range(share)]
            self._dealt = [*happening, *[None] * (PACK - len(happening))]
            self._chance.shuffle(self._dealt)
        return self._dealt.pop()

    def refuses(self, count: int) -> list[bool]:
        """Which of so many documents are answered with 429."""
        with self._lock:
            refused = [self._chance.random() < self.weather.refused_share for _ in range(count)]
            self.refused_documents += sum(refused)
        return refused


class _Exchange(Exchange):
    proxy: ElasticProxy

    def setup(self) -> None:
        super().setup()
        self._upstream = http.client.HTTPConnection(self.proxy.upstream, timeout=120)
        self._lasts: Fault | None = None
        """What the next request meets as well."""

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def exchange(self) -> None:
        fault = self.proxy.draw(self.path, self._lasts)
        self._lasts = None
        size = int(self.headers.get("content-length") or 0)
        if fault is Fault.RESET_EARLY:
            self.rfile.read(size // 2)
            self.reset()
            return
        body = self.rfile.read(size)
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if fault is None:
            self._answer(*self._pass_on(self.path, body))
        else:
            _HAPPENS[fault](self, body)

    def _pass_on(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body of the real answer."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
        self._upstream.request(self.command, path, body or None, headers)
        with self._upstream.getresponse() as answer:
            return answer.status, answer.headers.get("content-type", JSON), answer.read()

    def _answer(self, status: int, kind: str, body: bytes, *, size: int | None = None) -> None:
        """``size``: what is said about the length, when that is not the truth."""
        self.send_response_only(status)
        self.send_header("content-type", kind)
        if kind.startswith("application/"):
            self.send_header("x-elastic-product", "Elasticsearch")
        self.send_header("content-length", str(len(body) if size is None else size))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def _busy(self, _body: bytes) -> None:
        self._answer(429, JSON, _error(429, "es_rejected_execution_exception", "rejected execution of coordinating"))

    def _unauthorized(self, _body: bytes) -> None:
        self._answer(401, JSON, _error(401, "security_exception", "unable to authenticate with provided credentials"))

    def _unavailable(self, _body: bytes) -> None:
        self._answer(503, "text/html", b"<html><h1>503 Service Unavailable</h1></html>")

    def _foreign(self, _body: bytes) -> None:
        self._answer(200, "text/html", b"<html>Please log in.</html>")

    def _timed_out(self, body: bytes) -> None:
        self._pass_on(self.path, body)
        self._answer(504, "text/html", b"<html><h1>504 Gateway Time-out</h1></html>")

    def _reset_late(self, body: bytes) -> None:
        self._pass_on(self.path, body)
        self.reset()

    def _cut(self, body: bytes) -> None:
        status, kind, answer = self._pass_on(self.path, body)
        self._answer(status, kind, answer[: len(answer) // 2], size=len(answer))
        self.close_connection = True

    def _shortened(self, body: bytes) -> None:
        status, kind, answer = self._pass_on(self.path, body)
        self._answer(status, kind, answer[: len(answer) // 2])

    def _slow(self, body: bytes) -> None:
        answer = self._pass_on(self.path, body)
        time.sleep(self.proxy.weather.slow_secs)
        self._answer(*answer)

    def _fewer(self, body: bytes) -> None:
        """Where items were asked for, the last is missing; where not, there is nothing in the answer."""
        status, kind, answer = self._pass_on(self.path, body)
        items = json.loads(answer).get("items", [])[:-1] if status == 200 else []
        self._answer(status, kind, json.dumps({"errors": False, "items": items} if items else {}).encode())

    def _some_refused(self, body: bytes) -> None:
        documents = split(body)
        refused = self.proxy.refuses(len(documents))
        kind, items = JSON, iter(list[Any]())
        passed = b"".join(lines for (_, lines), is_refused in zip(documents, refused, strict=True) if not is_refused)
        if passed:
            status, kind, answer = self._pass_on(urlsplit(self.path).path, passed)
            if status != 200:
                self._answer(status, kind, answer)
                return
            items = iter(json.loads(answer)["items"])
        merged = [
            _refusal(name) if is_refused else next(items)
            for (name, _), is_refused in zip(documents, refused, strict=True)
        ]
        errors = any("error" in next(iter(each.values())) for each in merged)
        whole = {"took": 3, "errors": errors, "items": merged}
        asked = parse_qs(urlsplit(self.path).query).get("filter_path", [])
        paths = [path.split(".") for each in asked for path in each.split(",")]
        if paths == [["errors"]]:
            self._lasts = Fault.SOME_REFUSED  # so that whoever asks which ones meets them
        self._answer(200, kind, json.dumps(filtered(whole, paths) if paths else whole).encode())


_HAPPENS: Final[Mapping[Fault, Callable[[_Exchange, bytes], None]]] = {
    Fault.SOME_REFUSED: _Exchange._some_refused,
    Fault.BUSY: _Exchange._busy,
    Fault.UNAVAILABLE: _Exchange._unavailable,
    Fault.UNAUTHORIZED: _Exchange._unauthorized,
    Fault.TIMED_OUT: _Exchange._timed_out,
    Fault.RESET_LATE: _Exchange._reset_late,
    Fault.CUT: _Exchange._cut,
    Fault.SHORTENED: _Exchange._shortened,
    Fault.FEWER: _Exchange._fewer,
    Fault.SLOW: _Exchange._slow,
    Fault.FOREIGN: _Exchange._foreign,
}
"""All but RESET_EARLY, which happens before there is a body."""


def split(body: bytes) -> list[tuple[str, bytes]]:
    """For each document of a bulk request its action (``create``) and its two lines."""
    lines = body.split(b"\n")[:-1]
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [(next(iter(json.loads(action))), b"%b\n%b\n" % (action, document)) for action, document in pairs]


def filtered(value: Any, paths: list[list[str]]) -> Any:
    """What ``filter_path`` leaves of an answer: what is empty then is left out as well."""
    if not all(paths):
        return value
    found: dict[str, Any] = {}
    if isinstance(value, list):
        return [kept for each in value if (kept := filtered(each, paths)) not in ({}, [])]
    if not isinstance(value, dict):
        return found
    for name, each in value.items():
        deeper = [path[1:] for path in paths if fnmatchcase(name, path[0])]
        if deeper and (kept := filtered(each, deeper)) not in ({}, []):
            found[name] = kept
    return found


def _error(status: int, kind: str, reason: str) -> bytes:
    cause = {"type": kind, "reason": reason}
    return json.dumps({"error": {"root_cause": [cause], **cause}, "status": status}).encode()


def _refusal(action: str) -> dict[str, Any]:
    reason = "rejected execution of primary operation [coordinating_and_primary_bytes=1, max_primary_bytes=1]"
    return {action: {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": reason}}}
