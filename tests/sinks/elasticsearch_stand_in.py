"""Answers as Elasticsearch's API reference says, where the distribution that tests can run has no such functions.

It knows index lifecycle management ("Create or update lifecycle policy", "Get the ILM status"), index templates, the
list of indices and their deletion, and the language of one version (REST API compatibility). Everything else is tested
on the real server.
"""

from __future__ import annotations

import json
import re
import threading
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch

from schemas.settings import ElasticsearchSink
from sinks.elasticsearch.connect import connect

DAY_MS = 86_400_000


class StandIn:
    """One cluster; what it holds lies open."""

    def __init__(self, version: str = "9.2.4", *, lifecycles: bool = True, product: str = "Elasticsearch") -> None:
        self.version = version
        self.lifecycles = lifecycles
        self.product = product
        self.mode = "RUNNING"
        self.policies: dict[str, dict[str, Any]] = {}
        self.templates: dict[str, dict[str, Any]] = {}
        self.indices: dict[str, dict[str, Any]] = {}
        self.broken = False
        """It answers for indices what no Elasticsearch does."""
        self.unknown_setting = ""
        """It refuses templates for it, as a version does that does not have it yet."""
        self.asked: list[str] = []
        self.spoken: list[str] = []
        """Version of each request's language."""
        self.logged_in: list[str] = []
        """Authorization of each request."""
        self.refusing: dict[str, int] = {}
        """Method and path -> status that it is refused with."""
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(size)
                status, answer = stand_in.answer(self.command, self.path, dict(self.headers), body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                if stand_in.product:
                    self.send_header("X-Elastic-Product", stand_in.product)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def sink(self, **more: Any) -> ElasticsearchSink:
        """Settings of a sink for it."""
        return sink(hosts=[self.url], **more)

    def client(self, **more: Any) -> Elasticsearch:
        """A client of such a sink."""
        return connect(self.sink(**more), {})

    def add_index(self, name: str, created_ms: int, **settings: Any) -> None:
        stream = {"data_stream": settings.pop("data_stream")} if "data_stream" in settings else {}
        told = {"index.creation_date": str(created_ms), **{key.replace("__", "."): v for key, v in settings.items()}}
        self.indices[name] = {"aliases": {}, "mappings": {}, "settings": told, **stream}

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        path = urlsplit(target).path
        self.asked.append(f"{method} {path}")
        accept = next(value for name, value in headers.items() if name.lower() == "accept")
        language = re.search(r"compatible-with=(\d)", accept)
        self.spoken.append(language[1] if language else "")
        self.logged_in.append(next((value for name, value in headers.items() if name.lower() == "authorization"), ""))
        major = int(self.version.partition(".")[0])
        if language and int(language[1]) not in (major, major - 1):
            return 400, _error(
                "media_type_header_exception",
                "Invalid media-type value on headers [Accept]",
                caused_by={
                    "type": "status_exception",
                    "reason": f"Accept version must be either version {major} or {major - 1}, but found {language[1]}.",
                },
            )
        if status := self.refusing.get(f"{method} {path}"):
            return status, _error("security_exception", f"action on [{path}] is refused") | {"status": status}
        return self._route(method, path, json.loads(body) if body else {})

    def _route(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        first, *rest = path.strip("/").split("/")
        match first:
            case "":
                distribution = {"distribution": "opensearch"} if not self.product else {}
                return 200, {"version": {"number": self.version, **distribution}}
            case "_nodes":
                return 200, {"nodes": {"x": {"version": self.version}}}
            case "_ilm" if not self.lifecycles:
                return 400, {"error": f"no handler found for uri [{path}] and method [{method}]"}
            case "_ilm" if rest == ["status"]:
                return 200, {"operation_mode": self.mode}
            case "_ilm":
                return self._policy(method, rest[1], body)
            case "_index_template":
                return self._template(method, rest[0], body)
        return self._indices(method, first, rest)

    def _policy(self, method: str, name: str, body: dict[str, Any]) -> tuple[int, Any]:
        if method == "PUT":
            self.policies[name] = body["policy"]
            return 200, {"acknowledged": True}
        if name not in self.policies:
            return 404, _error("resource_not_found_exception", f"Lifecycle policy not found: {name}")
        held = {"indices": [], "data_streams": [], "composable_templates": []}
        return 200, {name: {"version": 1, "policy": self.policies[name], "in_use_by": held}}

    def _template(self, method: str, name: str, body: dict[str, Any]) -> tuple[int, Any]:
        if method == "PUT" and self.unknown_setting:
            problem = f"unknown setting [{self.unknown_setting}] please check that any required plugins are installed"
            return 400, _error("illegal_argument_exception", problem)
        if method == "PUT":
            self.templates[name] = body
            return 200, {"acknowledged": True}
        if name not in self.templates:
            return 404, _error("resource_not_found_exception", f"index template matching [{name}] not found")
        return 200, {"index_templates": [{"name": name, "index_template": self.templates[name]}]}

    def _indices(self, method: str, name: str, rest: list[str]) -> tuple[int, Any]:
        if self.broken:
            return 200, ["no", "object"]
        found = {key: value for key, value in self.indices.items() if fnmatchcase(key, name)}
        if method == "DELETE":
            if name not in self.indices:
                return 404, _error("index_not_found_exception", f"no such index [{name}]")
            del self.indices[name]
            return 200, {"acknowledged": True}
        if not found and "*" not in name:
            return 404, _error("index_not_found_exception", f"no such index [{name}]")
        return 200, found


def _error(type_: str, reason: str, **more: Any) -> dict[str, Any]:
    told = {"type": type_, "reason": reason, **more}
    return {"error": {"root_cause": [told], **told}, "status": 400}


def sink(**more: Any) -> ElasticsearchSink:
    """Settings of a sink."""
    return ElasticsearchSink.model_validate({"type": "elasticsearch", "topics": ["logs.app"], "replicas": 0, **more})
