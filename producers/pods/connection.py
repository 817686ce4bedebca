"""Address and credentials of the cluster, and the clients made from them.

Order as in Kubernetes' own tools: a kubeconfig that the settings or $KUBECONFIG name, the service account of the pod
that this process runs in, ~/.kube/config. Proxies come from the kubeconfig (`proxy-url`) or the usual variables
(HTTPS_PROXY, NO_PROXY). The kubernetes package reads a service account's rotating token once a minute by itself; all
other credentials (token files, exec plugins, certificates) are read anew by making a new `Connection`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from schemas.errors import SettingsError

if TYPE_CHECKING:
    from schemas.settings import PodsSettings

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
METADATA_ONLY: Final = (
    "application/json;as={kind};g=meta.k8s.io;v=v1,application/json"  # the second for servers that do not know it
)
KEEP_ALIVE: Final = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
]
"""A watch is silent for minutes; a peer that has died without a word is noticed after one."""


class Connection:
    """The APIs that the watcher needs, with the credentials of this moment. Raises SettingsError."""

    def __init__(self, settings: PodsSettings, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._configuration = client.Configuration()
        self._configuration.socket_options = KEEP_ALIVE
        self._configuration.retries = False  # trying again is our own affair: with back-off, and in time for the lease
        self.namespace = _configure(self._configuration, settings, environ)
        self.address = str(self._configuration.host)
        self._clients: list[Any] = []
        whole = self._client()
        self.pods = client.CoreV1Api(whole)
        self.leases = client.CoordinationV1Api(whole)
        pages = self._client(METADATA_ONLY.format(kind="PartialObjectMetadataList"))
        single = self._client(METADATA_ONLY.format(kind="PartialObjectMetadata"))
        self.owner_get = {
            "replicasets": client.AppsV1Api(single).read_namespaced_replica_set,
            "jobs": client.BatchV1Api(single).read_namespaced_job,
        }
        """By resource: one owner's metadata."""
        self.owners_list = {
            "replicasets": client.AppsV1Api(pages).list_replica_set_for_all_namespaces,
            "jobs": client.BatchV1Api(pages).list_job_for_all_namespaces,
        }
        """By resource: metadata of all owners."""
        self.owners_list_in = {
            "replicasets": client.AppsV1Api(pages).list_namespaced_replica_set,
            "jobs": client.BatchV1Api(pages).list_namespaced_job,
        }
        """By resource: metadata of the owners in a namespace."""

    def _client(self, accept: str = "") -> Any:
        made = client.ApiClient(self._configuration)
        made.user_agent = "logferry-pods"
        if accept:
            made.set_default_header("Accept", accept)
        self._clients.append(made)
        return made

    def close(self) -> None:
        """Let go of all connections."""
        for each in self._clients:
            each.rest_client.pool_manager.clear()


def _configure(configuration: Any, settings: PodsSettings, environ: Mapping[str, str]) -> str:
    """Fill in address and credentials; returns the namespace that is ours."""
    file = settings.kubeconfig or environ.get("KUBECONFIG")
    if file is None and _is_in_cluster(environ):
        return _in_cluster(configuration)
    return _by_file(configuration, file or "~/.kube/config", settings.context)


def _is_in_cluster(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and (ACCOUNT / "token").exists()


def _in_cluster(configuration: Any) -> str:
    try:
        config.load_incluster_config(configuration)
        return (ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except (ConfigException, OSError) as error:
        raise SettingsError(
            f"the service account of this pod cannot be used: {error}",
            where=str(ACCOUNT),
            remedy="let the pod have its service account's token (automountServiceAccountToken), or give a kubeconfig",
        ) from error


def _by_file(configuration: Any, file: str, context: str | None) -> str:
    paths = [Path(part).expanduser() for part in file.split(os.pathsep) if part]
    try:
        config.load_kube_config(
            os.pathsep.join(map(str, paths)),
            context,
            configuration,
            # A refreshed token is written back, as kubectl does: the old refresh token may be worth nothing then.
            persist_config=all(os.access(path, os.W_OK) for path in paths if path.exists()),
        )
        contexts, current = config.list_kube_config_contexts(os.pathsep.join(map(str, paths)))
    except Exception as error:  # the package lets through whatever a broken file makes of its own code
        remedy = "name the cluster's file by pods.kubeconfig or $KUBECONFIG, and one of its contexts by pods.context"
        raise SettingsError(f"the kubeconfig cannot be used: {error}", where=file, remedy=remedy) from error
    chosen = next((each for each in contexts if each["name"] == context), current)
    return str(chosen["context"].get("namespace") or "default")
