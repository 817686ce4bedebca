"""Why the API server did not do what was asked, in words that help; pure.

The body of a refusal is a meta/v1 Status object; what stands between (a proxy, a load balancer) may answer anything.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

FailureKind: TypeAlias = Literal["unauthorized", "forbidden", "expired", "not_found", "conflict", "refused", "server"]

KINDS: Final[dict[int, FailureKind]] = {
    400: "refused",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    410: "expired",
    422: "refused",
}
_USER: Final = re.compile(r'User "([^"]*)"')
_LONGEST: Final = 500


@dataclass(frozen=True)
class Ask:
    """What was asked of the API, in RBAC's terms."""

    verb: str
    resource: str
    group: str = ""
    namespace: str | None = None
    """None: the whole cluster."""
    name: str = ""

    def __str__(self) -> str:
        where = f"in namespace {self.namespace}" if self.namespace else "in all namespaces"
        return f"{self.verb} {self.resource}{f' {self.name}' if self.name else ''} {where}"


@dataclass(frozen=True)
class Failure:
    """What went wrong, and what a person can do about it."""

    kind: FailureKind
    problem: str
    remedy: str = ""


def failure(ask: Ask, status: int, body: str | bytes | None) -> Failure:
    """Read a refusal."""
    kind: FailureKind = KINDS.get(status, "server")
    message = _message(body)
    problem = f"the Kubernetes API refuses to {ask}: {status}{f' {message}' if message else ''}"
    return Failure(kind, problem, _remedy(kind, ask, message))


def _message(body: str | bytes | None) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict) and isinstance(told.get("message"), str):
        text = told["message"]
    return " ".join(text.split())[:_LONGEST]


def _remedy(kind: FailureKind, ask: Ask, message: str) -> str:
    if kind == "forbidden":
        user = _USER.search(message)
        role = "Role" if ask.namespace else "ClusterRole"
        place = f" in namespace {ask.namespace}" if ask.namespace else ""
        return (
            f'allow it to {user[1] if user else "this user"}: a {role}{place} with apiGroups ["{ask.group}"], '
            f'resources ["{ask.resource}"], verbs ["{ask.verb}"], and its {role}Binding '
            "(deploy/kubernetes/pods.rbac.yaml has all of them)"
        )
    remedies: dict[FailureKind, str] = {
        "unauthorized": "the credentials are not valid (any more): look at the service account or the kubeconfig",
        "refused": "look at pods.label_selector and pods.field_selector in the settings",
        "not_found": f"create namespace {ask.namespace}, or name another" if ask.namespace else "",
    }
    return remedies.get(kind, "")
