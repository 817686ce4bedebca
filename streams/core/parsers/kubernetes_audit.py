"""Audit events of kube-apiserver, as its log backend writes them.

Sample:
``{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"2e7d…","stage":"ResponseComplete",
"requestURI":"/api/v1/namespaces/shop/secrets/db","verb":"get","user":{"username":"alice"},"sourceIPs":["10.0.0.7"],
"objectRef":{"resource":"secrets","namespace":"shop","name":"db","apiVersion":"v1"},"responseStatus":{"code":403},…}``.
``level`` is how much is recorded, not how bad it is; severity follows from the HTTP status of the answer, which only
the last stages have. Source: k8s.io/apiserver, pkg/apis/audit/v1/types.go, and Kubernetes' documentation, "Auditing".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from streams.core.parsers.message import message_fields, time_text
from streams.core.parsers.parsed import Fields, Parser

PREFIX: Final = b'{"kind":"Event","apiVersion":"audit.k8s.io/'
"""So begins every line of the log backend: kind and version are the first fields of every encoded object."""

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAMES: Final[Mapping[str, str]] = {
    "requestURI": "url.original",
    "userAgent": "user_agent.original",
    "level": "audit_level",
    "requestReceivedTimestamp": "request_received_timestamp",
    "sourceIPs": "source_ips",
    "stageTimestamp": "time",
}
_LEFT_OUT: Final = frozenset(("kind", "apiVersion"))

Found = dict[str, Any]


def read(content: bytes) -> Found | None:
    """An event."""
    if not content.startswith(PREFIX):
        return None
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return found if type(found) is dict and is_audit(found) else None


def is_audit(found: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an event of the audit log."""
    return type(found.get("auditID")) is str and type(found.get("verb")) is str


def severity(_found: Found) -> int:
    """An event says none; it follows from the status."""
    return 0


def status(found: Found) -> int:
    """HTTP status of the answer; 0 at the stages before it."""
    answer = found.get("responseStatus")
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if type(code) is int and 0 <= code < 1000 else 0


def fields(content: bytes, found: Found) -> Fields:
    """Every field becomes an attribute, named in lower case or as OpenTelemetry does."""
    attributes = {_name(key): value for key, value in found.items() if key not in _LEFT_OUT}
    code, user, addresses = status(found), found.get("user"), found.get("sourceIPs")
    if code:
        attributes["http.response.status_code"] = code
    if isinstance(user, dict) and type(user.get("username")) is str:
        attributes["user.name"] = user["username"]
    if isinstance(addresses, list) and addresses and type(addresses[0]) is str:
        attributes["client.address"] = addresses[0]
    if type(attributes.get("time")) is str:
        attributes["time"] = time_text(attributes["time"].encode(errors="backslashreplace"))
    return message_fields("kubernetes_audit", content, b"", attributes)


def _name(key: str) -> str:
    return _NAMES.get(key) or _HUMP.sub("_", key).lower()


PARSER: Final = Parser(read, severity, fields, status=status)
