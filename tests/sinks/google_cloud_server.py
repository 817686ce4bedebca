"""Cloud Logging's entries:write for tests, made of the vendor's own definitions.

A request is read as Google's API reads JSON (google.logging.v2.WriteLogEntriesRequest, unknown fields refused), and
each entry is judged as https://cloud.google.com/logging/quotas and the reference of LogEntry say. What a reader is
shown are entries without doubles: of the same timestamp and insertId in a project, one.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from google.cloud.logging_v2.types import LogEntry, WriteLogEntriesRequest
from google.protobuf import json_format

REQUEST_BYTES = 10_000_000
ENTRY_BYTES = 256 * 1024
DAY_SECS = 86_400
LABELS = {
    "k8s_container": {"project_id", "location", "cluster_name", "namespace_name", "pod_name", "container_name"},
    "k8s_node": {"project_id", "location", "cluster_name", "node_name"},
    "generic_node": {"project_id", "location", "namespace", "node_id"},
    "global": {"project_id"},
}
PARTIAL = "type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors"
LOST = "the answer is lost"
"""A fault: the request is taken, and the connection closed."""

Request = WriteLogEntriesRequest.pb()


class GoogleCloudServer(ThreadingHTTPServer):
    """One project; what it holds lies open."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, now: Callable[[], float] = time.time, tls: ssl.SSLContext | None = None) -> None:
        """``now``: seconds since 1970."""
        super().__init__(("127.0.0.1", 0), _Requests)
        self.now = now
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.lock = threading.Lock()
        self.written: list[Any] = []
        """Entries as they came, google.logging.v2.LogEntry."""
        self.requests: list[int] = []
        """Entries of each request."""
        self.faults: list[tuple[int, str] | tuple[int, str, list[Any]]] = []
        """HTTP status, status and details of the next answers."""
        self.token: str | None = None
        """What a request must bring along; None: nothing."""
        self.tokens: list[str] = []
        """Tokens that are handed out by /token, one after the other."""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def shown(self) -> list[Any]:
        """Entries as entries.list has them: without doubles, by time, then by insertId."""
        unique = {(each.timestamp.ToNanoseconds(), each.insert_id): each for each in list(self.written)}
        return [unique[key] for key in sorted(unique)]

    def answer(self, body: bytes, token: str | None) -> tuple[int, dict[str, Any]] | None:
        """Status and answer; None: the connection is closed."""
        with self.lock:
            fault = self.faults.pop(0) if self.faults else None
            if fault and fault[1] != LOST:
                return fault[0], _error(fault[0], fault[1], "asked for", *fault[2:])
            if self.token and token != f"Bearer {self.token}":
                return 401, _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
            found = self._write(body)
            return None if fault else found

    def _write(self, body: bytes) -> tuple[int, dict[str, Any]]:
        if len(body) > REQUEST_BYTES:
            return 400, _error(400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 10485760 bytes.")
        request = Request()
        try:
            json_format.Parse(body, request)
        except json_format.ParseError as error:
            return 400, _error(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. {error}")
        self.requests.append(len(request.entries))
        problems = {index: problem for index, each in enumerate(request.entries) if (problem := self._problem(each))}
        if problems and (not request.partial_success or len(problems) == len(request.entries)):
            return 400, _error(400, "INVALID_ARGUMENT", next(iter(problems.values())))
        self.written += [each for index, each in enumerate(request.entries) if index not in problems]
        if not problems:
            return 200, {}
        errors = {str(index): {"code": 3, "message": problem} for index, problem in problems.items()}
        return 400, _error(400, "INVALID_ARGUMENT", "some", [{"@type": PARTIAL, "logEntryErrors": errors}])

    def _problem(self, entry: Any) -> str:
        name = re.fullmatch(r"projects/([^/]+)/logs/([^/]+)", entry.log_name)
        if not name or not re.fullmatch(r"[A-Za-z0-9/_.\-]{1,511}", unquote(name[2])):
            return f"Log name {entry.log_name} is not valid"
        if set(entry.resource.labels) != LABELS.get(entry.resource.type) or "" in entry.resource.labels.values():
            return f"Resource {entry.resource.type} is not valid"
        if entry.timestamp.seconds > self.now() + DAY_SECS:
            return "Log entries with timestamps more than 24 hours in the future are not accepted"
        if entry.ByteSize() > ENTRY_BYTES:
            return f"Log entry with size {entry.ByteSize()} exceeds maximum size of 256.0K"
        if len(entry.labels) > 64 or any(len(key.encode()) > 512 for key in entry.labels):
            return "Log entry has too many or too long labels"
        if not entry.WhichOneof("payload"):
            return "A log entry payload must be set"
        return ""


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GoogleCloudServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        path = urlsplit(self.path).path  # with its host, where this stands for a proxy
        if path == "/token":
            found: tuple[int, dict[str, Any]] | None = (200, self._token())
        elif path == "/v2/entries:write":
            found = self.server.answer(body, self.headers["authorization"])
        else:
            found = (404, _error(404, "NOT_FOUND", self.path))
        if found is None:
            self.close_connection = True
            return
        text = json.dumps(found[1]).encode()
        self.send_response(found[0])
        self.send_header("content-type", "application/json; charset=UTF-8")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _token(self) -> dict[str, Any]:
        """As https://oauth2.googleapis.com/token answers to a signed assertion."""
        return {"access_token": self.server.tokens.pop(0), "expires_in": 3599, "token_type": "Bearer"}

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def _error(code: int, status: str, message: str, details: list[Any] | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": details or []}}


def as_json(entry: Any) -> dict[str, Any]:
    """An entry as the API shows it."""
    return json_format.MessageToDict(entry)


def read_entry(text: bytes) -> dict[str, Any]:
    """An entry by the vendor's definition, which refuses what it does not know."""
    return as_json(json_format.Parse(text, LogEntry.pb()()))
