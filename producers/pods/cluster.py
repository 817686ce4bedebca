"""Requests to the Kubernetes API server, and their failures as `ClusterError`.

Answers are taken as the server's JSON: models would be made for a thousand fields of which a dozen are wanted.
An answer 401 is tried once more with credentials that are read anew (a token that expired).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError, SSLError

from producers.core.pods.api_failure import Ask, FailureKind, failure
from producers.core.pods.owner_chain import LOOKED_UP, Owner
from producers.pods.connection import Connection
from schemas.errors import SettingsError, TemporaryError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from producers.core.pods.pod_scope import Scope
    from schemas.settings import PodsSettings

UNREACHABLE: Final = (HTTPError, OSError, ValueError)
"""What connections raise; ValueError: the answer was no JSON."""

CONNECT_SECS: Final = 10.0
LEASES: Final = "coordination.k8s.io"


class ClusterError(TemporaryError):
    """The API server did not do what was asked."""

    def __init__(
        self,
        problem: str,
        kind: FailureKind | Literal["unreachable"],
        *,
        delay: float = 0.0,
        where: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(problem, delay=delay, where=where, remedy=remedy)
        self.kind = kind


@dataclass(frozen=True)
class Page:
    """Objects of one page of a list."""

    items: list[dict[str, Any]]
    rest: str
    """Token for the next page; empty: this was the last one."""
    version: str
    """What a watch may start from, once all pages are read."""


Json: TypeAlias = dict[str, Any]
Function: TypeAlias = Callable[[Connection], Callable[..., Any]]
"""Chooses what to call of a connection; a later try may have another one."""


class Cluster:
    """For one thread. Makes its connection when it is first needed."""

    def __init__(self, settings: PodsSettings) -> None:
        self._settings = settings
        self._made: Connection | None = None

    @property
    def _connection(self) -> Connection:
        if self._made is None:
            self._made = Connection(self._settings)
        return self._made

    @property
    def namespace(self) -> str:
        """The namespace that this process is at home in."""
        return self._connection.namespace

    def pods(self, scope: Scope, rest: str) -> Page:
        """One page of the pods. Raises ClusterError; kind `expired`: begin the list anew."""
        return _page(self._json(Ask("list", "pods", "", scope.namespace), _pods_of(scope), **self._paged(rest)))

    def watch(self, scope: Scope, version: str, secs: int) -> BaseHTTPResponse:
        """A response whose lines are watch events, for `secs` seconds. Raises ClusterError."""
        found: BaseHTTPResponse = self._call(
            Ask("watch", "pods", "", scope.namespace),
            _pods_of(scope),
            watch=True,
            allow_watch_bookmarks=True,
            resource_version=version,
            timeout_seconds=secs,
            _request_timeout=(CONNECT_SECS, secs + self._settings.request_timeout_secs),
        )
        return found

    def owner(self, owner: Owner, namespace: str) -> Json | None:
        """Metadata of an owner; None if it is gone. Raises ClusterError."""
        group, resource = LOOKED_UP[owner.kind]
        ask = Ask("get", resource, group, namespace, owner.name)
        told = self._json_or_nothing(ask, lambda api: api.owner_get[resource], name=owner.name, namespace=namespace)
        return None if told is None else told.get("metadata") or {}

    def owners(self, kind: str, namespace: str | None, rest: str) -> Page:
        """One page of metadata of all owners of a kind. Raises ClusterError."""
        group, resource = LOOKED_UP[kind]
        ask = Ask("list", resource, group, namespace)
        if namespace is None:
            return _page(self._json(ask, lambda api: api.owners_list[resource], **self._paged(rest)))
        told = self._json(ask, lambda api: api.owners_list_in[resource], namespace=namespace, **self._paged(rest))
        return _page(told)

    def lease(self, namespace: str, name: str) -> Json | None:
        """The lease; None if there is none. Raises ClusterError."""
        ask = Ask("get", "leases", LEASES, namespace, name)
        return self._json_or_nothing(ask, lambda api: api.leases.read_namespaced_lease, name=name, namespace=namespace)

    def create_lease(self, namespace: str, name: str, spec: Mapping[str, Any]) -> Json:
        """Make the lease. Raises ClusterError; kind `conflict`: somebody was faster."""
        ask = Ask("create", "leases", LEASES, namespace, name)
        body = {**_LEASE, "metadata": {"name": name, "namespace": namespace}, "spec": dict(spec)}
        return self._json(ask, lambda api: api.leases.create_namespaced_lease, namespace=namespace, body=body)

    def replace_lease(self, lease: Mapping[str, Any], spec: Mapping[str, Any]) -> Json:
        """Write the lease, if it still is what was read. Raises ClusterError; kind `conflict`: it is not."""
        namespace, name = lease["metadata"]["namespace"], lease["metadata"]["name"]
        ask = Ask("update", "leases", LEASES, namespace, name)
        body = {**_LEASE, "metadata": lease["metadata"], "spec": dict(spec)}
        return self._json(
            ask, lambda api: api.leases.replace_namespaced_lease, name=name, namespace=namespace, body=body
        )

    def _paged(self, rest: str) -> Json:
        return {"limit": self._settings.page_size, **({"_continue": rest} if rest else {})}

    def _json_or_nothing(self, ask: Ask, function: Function, **arguments: Any) -> Json | None:
        try:
            return self._json(ask, function, **arguments)
        except ClusterError as error:
            if error.kind == "not_found":
                return None
            raise

    def _json(self, ask: Ask, function: Function, **arguments: Any) -> Json:
        timeout = (CONNECT_SECS, self._settings.request_timeout_secs)
        response = self._call(ask, function, _request_timeout=timeout, **arguments)
        try:
            told = json.loads(response.data)
        except UNREACHABLE as error:
            raise self._unreachable(ask, error) from error
        finally:
            response.release_conn()
        if not isinstance(told, dict):
            raise self._unreachable(ask, ValueError("the answer is no JSON object"))
        return told

    def _call(self, ask: Ask, function: Function, **arguments: Any) -> Any:
        try:
            return self._try(ask, function, arguments)
        except ClusterError as error:
            if error.kind != "unauthorized":
                raise
            self.close()  # credentials may have been renewed since they were read
            return self._try(ask, function, arguments)

    def _try(self, ask: Ask, function: Function, arguments: Json) -> Any:
        try:
            return function(self._connection)(_preload_content=False, **arguments)
        except SettingsError as error:  # at the start they were right: a token file that is just being replaced
            raise ClusterError(error.problem, "unauthorized", where=error.where, remedy=error.remedy) from error
        except ApiException as error:
            if not error.status:  # the package's wrapping of TLS errors
                self.close()  # the CA may have been renewed
                raise self._unreachable(ask, SSLError(error.reason or "")) from error
            found = failure(ask, error.status, error.body)
            raise ClusterError(
                found.problem,
                found.kind,
                delay=_retry_after(error.headers),
                where=self._connection.address,
                remedy=found.remedy,
            ) from error
        except UNREACHABLE as error:
            raise self._unreachable(ask, error) from error

    def _unreachable(self, ask: Ask, error: Exception) -> ClusterError:
        address = self._made.address if self._made else ""
        problem = f"the Kubernetes API server did not answer ({ask}): {error}"
        return ClusterError(problem, "unreachable", where=address, remedy="look at the address, the CA and the network")

    def close(self) -> None:
        """Let go of connections and credentials; the next request makes new ones."""
        if self._made is not None:
            self._made.close()
            self._made = None


_LEASE: Final = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}


def _pods_of(scope: Scope) -> Function:
    """The pods API's function for a scope, its selectors filled in."""
    selectors = {"label_selector": scope.label_selector, "field_selector": scope.field_selector}
    given: Json = {key: selector for key, selector in selectors.items() if selector}
    if scope.namespace is None:
        return lambda api: partial(api.pods.list_pod_for_all_namespaces, **given)
    given["namespace"] = scope.namespace
    return lambda api: partial(api.pods.list_namespaced_pod, **given)


def _page(told: Json) -> Page:
    metadata = told.get("metadata") or {}
    rest, version = metadata.get("continue") or "", metadata.get("resourceVersion") or ""
    return Page(told.get("items") or [], str(rest), str(version))


def _retry_after(headers: Any) -> float:
    """What the server asks to wait, in seconds (RFC 9110, section 10.2.3), at most a minute."""
    text = str((headers or {}).get("Retry-After") or "")
    return min(60.0, float(text)) if text.isdigit() else 0.0
