"""An HTTP service on loopback that answers random numbers and fizz buzz, and logs JSON, one object a line.

`/random` answers a number, `/fizzbuzz/N` what a child would say, `/fizzbuzz/<no number>` makes it fail. Then it logs
the stack trace twice, as programs do: as a field of a JSON line on stdout and as plain lines on stderr.
`$LOG_TO` sends the lines elsewhere, see `outputs`.
The port is a free one; it is written to `port` in `$POD_SHARED_FOLDER`, which the pod's other containers see.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from deploy.demo.programs.ending import asked_to_end
from deploy.demo.programs.outputs import OUTPUTS, Log


def fizzbuzz(number: int) -> str:
    """Return fizz, buzz, fizzbuzz or the number."""
    return ("fizz" * (number % 3 == 0) + "buzz" * (number % 5 == 0)) or str(number)


def answer(path: str) -> tuple[int, str, str]:
    """Return status, level and text. Raises ValueError on /fizzbuzz/<no number>, as a careless service would."""
    match path.strip("/").split("/"):
        case ["random"]:
            return 200, "info", str(random.randint(1, 100))
        case ["fizzbuzz", number]:
            return 200, "info", fizzbuzz(int(number))
        case _:
            return 404, "warning", "no such path"


class NumbersService(BaseHTTPRequestHandler):
    """Answers one request and logs one line about it."""

    protocol_version = "HTTP/1.1"
    log_to: Log

    def do_GET(self) -> None:
        """Answer, measure, log."""
        started, failure = time.perf_counter(), None
        fields: dict[str, Any] = {"request_id": self.headers.get("X-Request-Id") or uuid.uuid4().hex}
        try:
            status, level, text = answer(self.path)
        except ValueError as error:
            status, level, text, failure = 500, "error", f"request failed: {error}", error
        self._send(status, text)
        fields |= {"path": self.path, "status": status, "duration_ms": round((time.perf_counter() - started) * 1e3, 3)}
        self.log_to(level, "numbers.http", text, fields, failure)

    def _send(self, status: int, text: str) -> None:
        body = json.dumps({"answer": text}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing: this service has its own lines."""


def main() -> None:
    """Serve until asked to end."""
    ending = asked_to_end()
    log = OUTPUTS[os.environ.get("LOG_TO", "stdout")]()
    NumbersService.log_to = staticmethod(log)
    server = ThreadingHTTPServer(("127.0.0.1", 0), NumbersService)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    port_file = Path(os.environ.get("POD_SHARED_FOLDER", ".")) / "port"
    port_file.with_suffix(".tmp").write_text(str(server.server_port))
    port_file.with_suffix(".tmp").rename(port_file)
    log("info", "numbers.main", "listening", {"port": server.server_port, "python": sys.version.split()[0]}, None)
    ending.wait()
    port_file.unlink(missing_ok=True)
    server.shutdown()
    log("info", "numbers.main", "stopped", {}, None)


if __name__ == "__main__":
    main()
