"""Calls `numbers_api` some times a second, counts up through fizz buzz, and now and then asks for what makes it fail.

Finds the service by the file `port` in `$POD_SHARED_FOLDER`. Logs logfmt on stdout::

    time=2026-11-21T01:02:03Z level=info msg="answer received" path=/fizzbuzz/15 status=200 answer=fizzbuzz
"""

from __future__ import annotations

import itertools
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
    request = urllib.request.Request(url, headers={"X-Request-Id": uuid.uuid4().hex})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECS) as response:  # noqa: S310 - our own loopback service
            log("info", "answer received", path=path, status=response.status, answer=json.load(response)["answer"])
    except urllib.error.HTTPError as error:
        log("error", "the service failed", path=path, status=error.code)
    except OSError as error:
        log("warn", "the service does not answer", path=path, error=error)


def main() -> None:
    """Call until asked to end. The first argument, if any: seconds between two calls."""
    every = float(sys.argv[1]) if len(sys.argv) > 1 else 0.25
    ending = asked_to_end()
    port_file = Path(os.environ.get("POD_SHARED_FOLDER", ".")) / "port"
    for call in itertools.count(1):
        if port_file.exists():
            ask(int(port_file.read_text()), path_of(call))
        if ending.wait(every):
            return


if __name__ == "__main__":
    main()
