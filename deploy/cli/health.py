"""``logferry health``: ask a stage's endpoint how it is; for the HEALTHCHECK of an image, exec probes, and people.

It runs every few seconds on every node, so it takes 50 ms and not 500: `deploy.cli.main` calls it before the command
line's packages are imported, its options are argparse's, HTTP is a line here (http.client imports TLS), and the
settings are not checked: of them it needs two values.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from deploy.cli.settings_text import read_text, settings_file
from schemas.errors import SettingsError

PREFIX: Final = "LOGFERRY_METRICS"
WILDCARDS: Final[Mapping[str, str]] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here
"""Addresses that one listens on, and those under which one reaches them."""
SUMMARY: Final = "Ask a stage how it is: exit status 0 when it is live (--ready: able to work), else 1."
_HOW: Final = "write it as http://127.0.0.1:9090"


class Place(NamedTuple):
    """Where an endpoint is."""

    host: str
    port: int
    path: str = ""

    @property
    def address(self) -> str:
        """Host and port as they stand in an address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def main(arguments: Sequence[str]) -> NoReturn:
    """Ask, print what was said, and exit: 0, or 1. Raises SettingsError when nobody says where to ask."""
    options = _parser().parse_args(arguments)
    place = _of_url(options.url) if options.url else _of_settings(options.config, options.port)
    path = place.path or ("/ready" if options.ready else "/live")
    status, lines = _ask(place, path, options.timeout)
    if options.json:
        import json

        url = f"http://{place.address}{path}"
        print(json.dumps({"ok": status == 200, "url": url, "status": status, "said": lines}))  # noqa: T201
    else:
        (sys.stdout if status == 200 else sys.stderr).write("".join(f"{line}\n" for line in lines))
    sys.exit(0 if status == 200 else 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("logferry health", description=SUMMARY, allow_abbrev=False)
    parser.add_argument("-c", "--config", type=Path, help="settings file, if not the usual one")
    parser.add_argument("--ready", action="store_true", help="ask whether it can do its work, not only that it lives")
    parser.add_argument("--port", type=int, help="port on this machine; default: metrics.port of the settings")
    parser.add_argument("--url", help="where the endpoint is, in place of metrics.host and metrics.port")
    parser.add_argument("--timeout", type=float, default=4.0, metavar="SECS", help="how long to wait; default: 4")
    parser.add_argument("--json", action="store_true", help="answer in JSON, for machines")
    return parser


def _ask(place: Place, path: str, timeout: float) -> tuple[int, list[str]]:
    """Status and lines of an answer; status 0: none."""
    try:
        with socket.create_connection((place.host, place.port), timeout) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {place.address}\r\n\r\n".encode())
            with connection.makefile("rb") as file:
                answer = file.read(1_000_000)
    except OSError as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror
        return 0, [f"nothing answers at http://{place.address}{path}: {why}"]
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        return 0, [f"what answers at http://{place.address}{path} does not speak HTTP"]
    return int(words[1]), body.decode(errors="replace").splitlines()


# -- where -------------------------------------------------------------------------------------------------------------


def _of_url(url: str) -> Place:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 80
    except ValueError as error:
        raise SettingsError(f"not an address: {error}", where=f"--url {url}", remedy=_HOW) from error
    if parts.scheme != "http" or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise SettingsError("not an address of an endpoint", where=f"--url {url}", remedy=_HOW)
    return Place(host, port, parts.path.rstrip("/"))


def _of_settings(config: Path | None, port: Any) -> Place:
    """Address and port of the settings; the environment goes before the file, which is read only if it must be."""
    environ = {name.upper(): value for name, value in os.environ.items() if name.upper().startswith(PREFIX)}
    host = environ.get(f"{PREFIX}__HOST", "")
    port = environ.get(f"{PREFIX}__PORT") if port is None else port
    if port is None or not host:
        section = _section(config, environ.get(PREFIX, ""))
        port, host = section.get("port", 0) if port is None else port, host or str(section.get("host") or "127.0.0.1")
    number = int(str(port)) if str(port).isdecimal() else 0
    if not 0 < number < 65536:
        raise SettingsError(
            "nobody says which port to ask",
            where="metrics.port in the settings",
            remedy="name the port with --port, as the stage logged it at its start, or give metrics.port a fixed one",
        )
    return Place(WILDCARDS.get(host, host), number)


def _section(config: Path | None, variable: str) -> dict[str, Any]:
    """The section `metrics` of the file, and of the variable that stands for all of it."""
    path = settings_file(config)
    texts = ["" if path is None else read_text(path), f"metrics: {variable}" if variable else ""]
    found: dict[str, Any] = {}
    for text in filter(None, texts):
        read = _read(text)
        section = read.get("metrics") if isinstance(read, dict) else None
        found |= section if isinstance(section, dict) else {}
    return found


def _read(text: str) -> Any:
    """What YAML says; nothing when it is none: the stage itself says what is wrong with it."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML was built with it
    try:
        return yaml.load(text, loader)  # noqa: S506 - both are safe ones
    except (yaml.YAMLError, ValueError):
        return None
