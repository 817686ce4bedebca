"""CloudWatch Logs for tests: moto behind a door that refuses what AWS refuses, and fails on demand.

moto (a stand-in of many AWS services, spoken to over HTTP by AWS's own client) keeps groups, streams and events, and
knows their order. The limits of a request, which it does not look at, and the events that are refused one by one, whose
indices it counts otherwise, are the door's affair, as the API reference of PutLogEvents says.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3
from moto.server import ThreadedMotoServer

REQUEST_BYTES = 1_048_576
EVENTS = 10_000
DAY_MS = 86_400_000
STRANGER = "a page of somebody else"
"""A fault: a proxy answers instead."""
LOST = "the answer is lost"
"""A fault: the request is taken, and the connection closed."""

_PASSED = ("content-type", "x-amzn-requestid", "x-amzn-errortype")


class CloudwatchServer:
    """One account; what was asked lies open."""

    def __init__(self, now: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        """``now``: milliseconds since 1970, by which events are too old."""
        self._now = now
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        self._behind = "http://{}:{}".format(*self._moto.get_host_and_port())
        self._pool = urllib3.PoolManager()
        self._lock = threading.Lock()
        self.faults: list[tuple[int, str]] = []
        """Status and error code of the next answers to PutLogEvents."""
        self.signed_by: list[str] = []
        """Authorization header of each request for logs."""
        self.puts: list[dict[str, Any]] = []
        """Bodies of PutLogEvents requests that were taken, with the events that were."""
        self.refused: list[str] = []
        """What was wrong with requests."""
        self._retention: dict[str, int] = {}
        """Days by log group."""
        server = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers, answer = server.answer(dict(self.headers), self.path, body)
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self._door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._door.daemon_threads = True
        threading.Thread(target=self._door.serve_forever, daemon=True).start()
        self.port = self._door.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._door.shutdown()
        self._door.server_close()
        self._moto.stop()
        self._pool.clear()

    def reset(self) -> None:
        """Forget everything."""
        self._pool.request("POST", f"{self._behind}/moto-api/reset")
        for each in (self.faults, self.signed_by, self.puts, self.refused, self._retention):
            each.clear()

    def answer(self, headers: dict[str, str], path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        named = {name.lower(): value for name, value in headers.items()}
        operation = named.get("x-amz-target", "")
        if not operation:
            return self._pass(path, headers, body)
        with self._lock:
            self.signed_by.append(named.get("authorization", ""))
            if operation.endswith(".PutLogEvents"):
                return self._put(path, headers, json.loads(body))
            if operation.endswith(".PutRetentionPolicy"):
                asked = json.loads(body)
                self._retention[asked["logGroupName"]] = asked["retentionInDays"]
        return self._pass(path, headers, body)

    def _put(self, path: str, headers: dict[str, str], request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        fault = self.faults.pop(0) if self.faults else None
        if fault and fault[1] == STRANGER:
            return fault[0], {"content-type": "text/html"}, b"<html>Log in first</html>"
        if fault and fault[1] != LOST:
            return _error(*fault)
        now = self._now()
        problem = problem_of(request, now)
        if problem:
            self.refused.append(problem)
            return _error(400, "InvalidParameterException", problem)
        refused, taken = judged(request["logEvents"], now, self._retention.get(request["logGroupName"]))
        passed = self._pass(path, headers, json.dumps({**request, "logEvents": taken}).encode())
        if passed[0] != 200:
            return passed
        self.puts.append({**request, "logEvents": taken})
        answer = {"nextSequenceToken": "0"} | ({"rejectedLogEventsInfo": refused} if refused else {})
        return (0, {}, b"") if fault else (200, passed[1], json.dumps(answer).encode())

    def _pass(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}
        found = self._pool.request("POST", self._behind + path, headers=kept, body=body)
        told = {name: value for name, value in found.headers.items() if name.lower() in _PASSED}
        told.setdefault("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000")
        return found.status, told, found.data


def judged(
    events: list[dict[str, Any]], now: int, retention_days: int | None
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """RejectedLogEventsInfo (ends are exclusive, the beginning inclusive), and the events that are taken."""
    times = [event["timestamp"] for event in events]
    old = sum(time < now - 14 * DAY_MS for time in times)
    expired = sum(time < now - (retention_days or 3653) * DAY_MS for time in times)
    new = sum(time <= now + DAY_MS // 12 for time in times)
    info = {"tooOldLogEventEndIndex": old} if old else {}
    info |= {"expiredLogEventEndIndex": expired} if expired > old else {}
    info |= {"tooNewLogEventStartIndex": new} if new < len(events) else {}
    return info, events[max(old, expired) : new]


def problem_of(request: dict[str, Any], now: int) -> str:
    """What PutLogEvents refuses a request for as a whole, beside what moto refuses it for."""
    events = request["logEvents"]
    sizes = [len(event["message"].encode()) + 26 for event in events]
    valid = [time for event in events if now - 14 * DAY_MS <= (time := event["timestamp"]) <= now + DAY_MS // 12]
    if not events or len(events) > EVENTS:
        return f"{len(events)} events, 1 to {EVENTS} are allowed"
    if min(sizes) == 26:
        return "Log event message must not be empty"
    if sum(sizes) > REQUEST_BYTES:
        return f"Upload too large: {sum(sizes)} bytes exceeds limit of {REQUEST_BYTES}"
    if valid and max(valid) - min(valid) > DAY_MS:
        return "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    return ""


def _error(status: int, code: str, message: str = "") -> tuple[int, dict[str, str], bytes]:
    headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-RequestId": "11111111-0000-0000-0000-000000000000"}
    return status, headers, json.dumps({"__type": code, "message": message}).encode()
