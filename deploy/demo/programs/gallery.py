"""A picture gallery: an HTTP server with drawings, an access log on stdout in combined format, errors on stderr.

::

    127.0.0.1 - - [21/Nov/2026:01:02:03 +0000] "GET /pictures/7.svg HTTP/1.1" 200 512 "http://gallery/" "Mozilla/5.0 …"
    [2026-11-21 01:02:03] [error] picture 13 cannot be drawn: division by zero

It brings its own visitor, a thread that looks around with several browsers.
"""

from __future__ import annotations

import http.client
import random
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from deploy.demo.programs.ending import asked_to_end
from deploy.demo.programs.pace import every_secs

PICTURES = 20
BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5",
    "curl/8.14.1",
    "Wget/1.25.0",
)


def picture(number: int) -> bytes:
    """Draw a picture as SVG. Raises ZeroDivisionError for number 13, which has no radius."""
    radius = 1000 // (number - 13)
    rings = "".join(f'<circle cx="50" cy="50" r="{abs(radius) % 50 + ring}" fill="none"/>' for ring in range(number))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" stroke="teal">{rings}</svg>'.encode()


def page() -> bytes:
    """Return the page that shows all pictures."""
    images = "".join(f'<img src="/pictures/{number}.svg">' for number in range(1, PICTURES + 1))
    return f"<!doctype html><title>Gallery</title>{images}".encode()


class Gallery(BaseHTTPRequestHandler):
    """Serves `/` and `/pictures/N.svg`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request and log it."""
        status, kind, body = self._answer()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self._log_access(status, len(body))

    def _answer(self) -> tuple[HTTPStatus, str, bytes]:
        name = self.path.removeprefix("/pictures/").removesuffix(".svg")
        if self.path == "/":
            return HTTPStatus.OK, "text/html", page()
        if not name.isdecimal() or not 1 <= int(name) <= PICTURES:
            return HTTPStatus.NOT_FOUND, "text/plain", b"no such picture\n"
        try:
            return HTTPStatus.OK, "image/svg+xml", picture(int(name))
        except ZeroDivisionError as error:
            log_error(f"picture {name} cannot be drawn: {error}")
            return HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", b"this picture cannot be drawn\n"

    def _log_access(self, status: HTTPStatus, size: int) -> None:
        when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
        referer, agent = self.headers.get("Referer", "-"), self.headers.get("User-Agent", "-")
        line = (
            f'{self.client_address[0]} - - [{when}] "{self.requestline}" {status.value} {size} "{referer}" "{agent}"\n'
        )
        sys.stdout.write(line)
        sys.stdout.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing: the access log is written in combined format."""


def log_error(text: str) -> None:
    """Print one line of the error log."""
    sys.stderr.write(f"[{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())}] [error] {text}\n")


def visit(port: int, path: str, agent: str) -> None:
    """Make one request; a server that has just gone is no matter."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request(
            "GET", path, headers={"User-Agent": agent, "Referer": "http://gallery/", "Connection": "close"}
        )
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return
    finally:
        connection.close()


def look_around(port: int, ending: threading.Event, every: float) -> None:
    """Visit pages and pictures until the end, one in 25 of them a picture that never was."""
    while not ending.wait(random.uniform(0.5, 1.5) * every):
        number = random.randint(1, PICTURES)
        path = random.choices(("/", f"/pictures/{number}.svg", f"/pictures/old-{number}.png"), (4, 20, 1))[0]
        visit(port, path, random.choice(BROWSERS))


def main() -> None:
    """Serve until asked to end. The first argument, if any: mean seconds between two visits."""
    every = every_secs(0.25)
    ending = asked_to_end()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gallery)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    look_around(server.server_port, ending, every)
    server.shutdown()


if __name__ == "__main__":
    main()
