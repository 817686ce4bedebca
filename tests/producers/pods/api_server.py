"""The part of the Kubernetes API that the pod watcher uses, over real HTTP: list, watch and leases.

Versions, pages, bookmarks, 410, 401 and 403 are as in Kubernetes API concepts; what a test wants to go wrong it says
by an attribute. The real kube-apiserver is asked the same in test_real_apiserver.py.
"""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class ApiServer:
    """Use it in a `with` block."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.version = 100
        self.pods: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[int, str, dict[str, Any]]] = []
        self.oldest = 0
        self.owners: dict[str, dict[str, dict[str, Any]]] = {"replicasets": {}, "jobs": {}}
        self.leases: dict[str, dict[str, Any]] = {}
        self.token: str | None = None
        self.forbidden: set[tuple[str, str]] = set()
        self.expiring_pages = 0
        self.silent = False
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.accepts: list[str] = []
        self.watches: set[Any] = set()
        self._server = Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut_watches()
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    closed = False

    def set(self, pod: dict[str, Any]) -> None:
        """Create or change a pod."""
        with self.changed:
            uid = pod["metadata"]["uid"]
            kind = "MODIFIED" if uid in self.pods else "ADDED"
            self.pods[uid] = self._record(kind, pod)

    def delete(self, uid: str, *, silently: bool = False) -> None:
        """Delete a pod; silently: without anybody being able to watch it."""
        with self.changed:
            pod = self.pods.pop(uid)
            self._record("DELETED", pod)
            if silently:
                self.compact()

    def _record(self, kind: str, pod: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        pod = {**pod, "metadata": {**pod["metadata"], "resourceVersion": str(self.version)}}
        self.history.append((self.version, kind, pod))
        self.changed.notify_all()
        return pod

    def bookmark(self) -> int:
        """Tell all watches that nothing happened up to a new version; returns it."""
        with self.changed:
            self._record("BOOKMARK", {"kind": "Pod", "metadata": {}})
            return self.version

    def compact(self) -> None:
        """Forget all history."""
        with self.changed:
            self.history.clear()
            self.oldest = self.version
            self.changed.notify_all()

    def cut_watches(self) -> None:
        """Break all watch connections in the middle of a line."""
        with self.changed:
            for handler in list(self.watches):
                handler.cut = True
            self.changed.notify_all()

    def counted(self) -> Counter[str]:
        """Requests by what they were."""
        return Counter(verb for verb, _, _ in self.requests)

    def wait_for_watch(self, secs: float = 20.0) -> None:
        """Wait until somebody watches."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.watches, secs), self.requests

    def wait_for(self, verb: str, number: int = 1, secs: float = 20.0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.counted()[verb] >= number, secs), self.requests

    def kubeconfig(self, folder: Path, token: str = "first") -> Path:
        """A kubeconfig whose user has a token in a file beside it."""
        (folder / "token").write_text(token)
        path = folder / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "clusters": [{"name": "test", "cluster": {"server": self.url}}],
                    "users": [{"name": "test", "user": {"tokenFile": "token"}}],
                    "contexts": [
                        {"name": "test", "context": {"cluster": "test", "user": "test", "namespace": "logging"}}
                    ],
                }
            )
        )
        return path


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    cut = False

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.answer("get")

    def do_POST(self) -> None:
        self.answer("create")

    def do_PUT(self) -> None:
        self.answer("update")

    def answer(self, verb: str) -> None:
        api = self.server.api
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = parts.path.strip("/").split("/")
        namespace = path[path.index("namespaces") + 1] if "namespaces" in path else ""
        resource, name = (path[-2], path[-1]) if path[-2] in RESOURCES else (path[-1], "")
        if verb == "get" and not name:
            verb = "watch" if query.get("watch") else "list"
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with api.changed:
            api.requests.append((f"{verb} {resource}", namespace, query))
            api.accepts.append(self.headers.get("Accept", ""))
            api.changed.notify_all()
        if api.silent:
            self.close_connection = True
            return
        if api.token is not None and self.headers.get("Authorization") != f"Bearer {api.token}":
            self.refuse(401, "Unauthorized")
        elif (verb, resource) in api.forbidden:
            self.refuse(403, f'{resource} is forbidden: User "system:serviceaccount:logging:logferry-pods" cannot')
        elif verb == "watch":
            self.watch(namespace, int(query["resourceVersion"]), float(query["timeoutSeconds"]))
        elif resource == "leases":
            self.lease(verb, f"{namespace}/{name}", json.loads(body or b"{}"))
        elif verb == "list":
            self.list(resource, namespace, query)
        else:
            found = api.owners[resource].get(f"{namespace}/{name}")
            self.tell(found) if found else self.refuse(404, f"{resource} {name} not found")

    def list(self, resource: str, namespace: str, query: dict[str, str]) -> None:
        api = self.server.api
        with api.changed:
            every = list(api.pods.values()) if resource == "pods" else list(api.owners[resource].values())
            begin, version = 0, api.version
            if token := query.get("continue"):
                begin, version = map(int, token.split("@"))
                if api.expiring_pages:
                    api.expiring_pages -= 1
                    self.refuse(410, "The provided continue parameter is too old")
                    return
            chosen = [each for each in every if namespace in ("", each["metadata"]["namespace"])]
            end = begin + int(query["limit"])
            more = f"{end}@{version}" if end < len(chosen) else ""
            metadata = {"resourceVersion": str(version), "continue": more}
            self.tell({"kind": "List", "metadata": metadata, "items": chosen[begin:end]})

    def watch(self, namespace: str, version: int, secs: float) -> None:
        api = self.server.api
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        until = time.monotonic() + secs
        with api.changed:
            api.watches.add(self)
            api.changed.notify_all()
        try:
            with api.changed:
                while self.events(namespace, version):
                    version = api.version
                    left = until - time.monotonic()
                    if left <= 0 or not api.changed.wait_for(lambda at=version: self.is_news(at), left):
                        self.wfile.write(b"0\r\n\r\n")
                        return
        except OSError:
            pass  # the client has gone
        finally:
            with api.changed:
                api.watches.discard(self)

    def is_news(self, version: int) -> bool:
        api = self.server.api
        return self.cut or api.closed or api.version > version or api.oldest > version

    def events(self, namespace: str, version: int) -> bool:
        """Tell what came after a version; whether the watch goes on."""
        api = self.server.api
        with api.changed:
            if self.cut or api.closed:
                self.chunk(b'{"type": "MODIFIED", "object": {"metadata": {"na')
                return False
            if version < api.oldest:
                self.event("ERROR", {"kind": "Status", "code": 410, "message": "too old resource version"})
                self.wfile.write(b"0\r\n\r\n")
                return False
            for at, kind, pod in api.history:
                if at > version and namespace in ("", pod["metadata"].get("namespace", namespace)):
                    self.event(kind, pod)
            return True

    def event(self, kind: str, found: dict[str, Any]) -> None:
        self.chunk(json.dumps({"type": kind, "object": found}).encode() + b"\n")

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def lease(self, verb: str, key: str, body: dict[str, Any]) -> None:
        api = self.server.api
        with api.changed:
            if verb == "create":
                key += body["metadata"]["name"]
            known = api.leases.get(key)
            if verb == "get":
                self.tell(known) if known else self.refuse(404, "not found")
                return
            wanted = body["metadata"].get("resourceVersion")
            if (verb == "create") is (known is not None) or (known and known["metadata"]["resourceVersion"] != wanted):
                self.refuse(409, "the object has been modified")
                return
            api.version += 1
            body["metadata"] |= {"resourceVersion": str(api.version), "namespace": key.split("/")[0]}
            api.leases[key] = body
            api.changed.notify_all()
            self.tell(body)

    def refuse(self, code: int, message: str) -> None:
        self.tell({"kind": "Status", "code": code, "message": message}, code)

    def tell(self, value: dict[str, Any], code: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: ApiServer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.api = api


RESOURCES = ("pods", "replicasets", "jobs", "leases")
