"""Answers as Kibana's API reference says that Kibana does: "Import saved objects", "Get Kibana's current status"."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Key = tuple[str, str, str]
"""Space, type and id of an object."""


class KibanaStandIn:
    """Keeps what is imported; use it in a ``with`` block."""

    def __init__(self, version: str = "9.2.4", *, authorization: str | None = None, base_path: str = "") -> None:
        self.version = version
        self.authorization = authorization
        """The header that lets a user in; None: everybody may."""
        self.base_path = base_path
        self.spaces = {"default", "ops"}
        self.objects: dict[Key, dict[str, Any]] = {}
        self.refused: dict[str, dict[str, Any]] = {}
        """Type -> error that the import answers for objects of it."""
        self.always: tuple[int, str, bytes] | None = None
        """Status, content type and body of every answer."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Exchange)
        self._server.stand_in = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{base_path}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def load(self, space: str, objects: Iterable[dict[str, Any]], *, overwrite: bool) -> dict[str, Any]:
        """The answer to an import: nothing is taken of which something is wrong, the rest is."""
        new = list(objects)
        known = {(each["type"], each["id"]) for each in new} | {key[1:] for key in self.objects if key[0] == space}
        taken, errors = [], []
        for each in new:
            key = (space, each["type"], each["id"])
            missing = [ref for ref in each["references"] if (ref["type"], ref["id"]) not in known]
            error = self.refused.get(each["type"])
            if missing:
                error = {"type": "missing_references", "references": missing}
            elif key in self.objects and not overwrite:
                error = {"type": "conflict"}
            meta = {"title": each["attributes"]["title"], "icon": "dashboardApp"}
            about = {"type": each["type"], "id": each["id"], "meta": meta, "managed": False}
            if error:
                errors.append(about | {"title": meta["title"], "error": error})
                continue
            taken.append(about | ({"overwrite": True} if key in self.objects else {}))
            self.objects[key] = each
        answer = {"successCount": len(taken), "success": not errors, "warnings": []}
        return answer | ({"successResults": taken} if taken else {}) | ({"errors": errors} if errors else {})


class _Exchange(BaseHTTPRequestHandler):
    @property
    def stand_in(self) -> KibanaStandIn:
        found: KibanaStandIn = self.server.stand_in  # type: ignore[attr-defined]
        return found

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve({"/api/status": self._status})

    def do_POST(self) -> None:
        self._serve({"/api/saved_objects/_import?overwrite=true": self._import})

    def _serve(self, known: dict[str, Any]) -> None:
        kibana = self.stand_in
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if kibana.always is not None:
            self._answer(*kibana.always)
            return
        path = self.path.removeprefix(kibana.base_path)
        space = "default"
        if path.startswith("/s/"):
            space, _, path = path[3:].partition("/")
            path = f"/{path}"
        if kibana.authorization not in (None, self.headers.get("authorization")):
            self._refuse(401, "Unauthorized", "[security_exception]: unable to authenticate user")
        elif path not in known or space not in kibana.spaces or not self.path.startswith(kibana.base_path):
            self._refuse(404, "Not Found", "Not Found")
        else:
            known[path](space, body)

    def _status(self, _space: str, _body: bytes) -> None:
        self._json(200, {"name": "kibana", "version": {"number": self.stand_in.version, "build_flavor": "traditional"}})

    def _import(self, space: str, body: bytes) -> None:
        if "kbn-xsrf" not in self.headers:
            self._refuse(400, "Bad Request", "Request must contain a kbn-xsrf header.")
            return
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        form: Message = BytesParser().parsebytes(head + body)
        (part,) = form.get_payload()  # type: ignore[misc]
        name = part.get_filename()
        if part.get_param("name", header="content-disposition") != "file" or not name.endswith(".ndjson"):
            self._refuse(400, "Bad Request", f"Invalid file extension {name}")
            return
        lines = part.get_payload(decode=True).decode().splitlines()
        objects = [json.loads(line) for line in lines if line]
        self._json(200, self.stand_in.load(space, objects, overwrite=self.path.endswith("overwrite=true")))

    def _refuse(self, status: int, error: str, message: str) -> None:
        self._json(status, {"statusCode": status, "error": error, "message": message})

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._answer(status, "application/json; charset=utf-8", json.dumps(body).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
