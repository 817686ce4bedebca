"""Calls `numbers_api` some times a second, counts up through fizz buzz, and now and then asks for what makes it fail.

Finds the service by the file `port` in `$POD_SHARED_FOLDER`. Logs logfmt on stdout::

    time=2026-11-21T01:02:03Z level=info msg="answer received" request_id=5f2c… path=/fizzbuzz/15 status=200 answer=fizz
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from deploy.demo.programs.ending import asked_to_end
from deploy.demo.programs.pace import every_secs

FAILS_ONE_IN = 25
TIMEOUT_SECS = 2.0


def log(level: str, msg: str, **fields: object) -> None:
    """Print one logfmt line."""
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    pairs = "".join(f" {key}={_quoted(str(value))}" for key, value in fields.items())
    sys.stdout.write(f"time={when} level={level} msg={_quoted(msg)}{pairs}\n")
    sys.stdout.flush()


def _quoted(text: str) -> str:
    return json.dumps(text) if set(text) & set(' "=') or not text else text


def path_of(call: int) -> str:
    """Return what the client asks for: fizz buzz in turn with random numbers, now and then nonsense."""
    if call % FAILS_ONE_IN == FAILS_ONE_IN - 1:
        return "/fizzbuzz/" + random.choice(("seven", "3.5", "NaN"))
    return "/random" if call % 3 == 2 else f"/fizzbuzz/{call}"


def ask(port: int, path: str) -> None:
    """Call the service once and log what came of it."""
    url = f"http://127.0.0.1:{port}{path}"
    request_id = uuid.uuid4().hex
    told = {"request_id": request_id, "path": path}
    request = urllib.request.Request(url, headers={"X-Request-Id": request_id})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECS) as response:  # noqa: S310 - our own loopback service
            log("info", "answer received", **told, status=response.status, answer=json.load(response)["answer"])
    except urllib.error.HTTPError as error:
        log("error", "the service failed", **told, status=error.code)
    except OSError as error:
        log("warn", "the service does not answer", **told, error=error)


def main() -> None:
    """Call until asked to end. The first argument, if any: seconds between two calls. After `$CALLS` it rests."""
    every = every_secs(0.25)
    most = int(os.environ.get("CALLS", sys.maxsize))
    ending = asked_to_end()
    port_file = Path(os.environ.get("POD_SHARED_FOLDER", ".")) / "port"
    while not port_file.exists():
        if ending.wait(every):
            return
    for call in range(1, most + 1):
        ask(int(port_file.read_text()), path_of(call))
        if ending.wait(every):
            return
    ending.wait()


if __name__ == "__main__":
    main()
