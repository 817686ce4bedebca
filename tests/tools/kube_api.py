"""Requests to an API server as one user, with the server's own words when it refuses."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

MERGE_PATCH = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


class RefusedError(AssertionError):
    """What the API server said when it refused: ``status`` of HTTP and the message of its Status object."""

    def __init__(self, method: str, path: str, status: int, message: str) -> None:
        super().__init__(f"{method} {path}: {status} {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Answer:
    """What it said when it did as it was asked."""

    body: Any
    warnings: tuple[str, ...]
    """Texts of the headers `Warning` (RFC 7234): deprecated fields, duplicate entries, breaches of pod security."""


class KubeApi:
    """The API server for the bearer of a token."""

    def __init__(self, url: str, ca: Path, token: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(ca_certs=str(ca), headers={"Authorization": f"Bearer {token}"}, retries=False)

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """The answer's object. Raises RefusedError."""
        return self.answer(method, path, body, kind).body

    def answer(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Answer:
        """The same with the warnings. Raises RefusedError."""
        headers = {**self._pool.headers, "Content-Type": kind}
        data = None if body is None else json.dumps(body)
        told = self._pool.request(method, self._url + path, headers=headers, body=data, timeout=60.0)
        if told.status >= 300:
            raise RefusedError(method, path, told.status, _message(told.data))
        texts = [json.loads(warning[warning.index('"') :]) for warning in told.headers.getlist("Warning")]
        return Answer(told.json(), tuple(texts))

    def status(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> int:
        """The HTTP status of a refusal; 200 for whatever was done."""
        try:
            self.ask(method, path, body, kind)
        except RefusedError as refused:
            return refused.status
        return 200

    def is_ready(self) -> bool:
        """Whether it serves, with its roles and custom resources."""
        try:
            return bool(self._pool.request("GET", f"{self._url}/readyz", timeout=5.0).status == 200)
        except urllib3.exceptions.HTTPError:
            return False

    def close(self) -> None:
        self._pool.clear()


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data.decode(errors="replace")
