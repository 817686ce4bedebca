"""Who sends: the container by Kubernetes' downward API, or this host's program; and one incarnation for each start."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from producers.chunk import Source, source_of
from schemas.errors import SettingsError
from schemas.identity import incarnation, source_id

if TYPE_CHECKING:
    from schemas.framing import Framing


@dataclass(frozen=True)
class Container:
    """A container of Kubernetes."""

    namespace: str
    pod: str
    pod_uid: str
    name: str


VARIABLES = {"namespace": "POD_NAMESPACE", "pod": "POD_NAME", "pod_uid": "POD_UID", "name": "CONTAINER_NAME"}
"""Field -> variable that the pod's manifest fills by the downward API."""


def container_from(environ: Mapping[str, str], given: Mapping[str, str | None]) -> Container | None:
    """The container by options (``given``, None: not given) and environment; None: not in Kubernetes.

    Raises SettingsError when the pod is known only in part: records without their namespace would be lost to everybody
    who looks for them. A missing uid costs only the labels.
    """
    values = {field: given.get(field) or environ.get(name) or "" for field, name in VARIABLES.items()}
    if not values["pod"] and not any(given.values()):
        return None
    missing = [VARIABLES[field] for field in ("namespace", "pod", "name") if not values[field]]
    if missing:
        raise SettingsError(
            f"the container is known only in part: {', '.join(missing)} is missing",
            where="environment and options",
            remedy="set POD_NAMESPACE, POD_NAME and POD_UID by fieldRef, and CONTAINER_NAME; or --namespace, --pod, "
            "--pod-uid and --container",
        )
    return Container(**values)


def direct_source(
    node: str, kind: str, framing: Framing, container: Container | None, program: str, tag: str | None
) -> Source:
    """The source of one process. Several of one container are several sources: each has an order of its own."""
    who = (container.namespace, container.pod, container.pod_uid, container.name) if container else (program,)
    identity = source_id(node, kind, *who, str(os.getpid()))
    source = source_of(identity, node, kind, framing, tag=tag if tag or container else f"host.{program}")
    if container is not None:
        source["container"] = {
            "namespace": container.namespace,
            "pod": container.pod,
            "pod_uid": container.pod_uid,
            "name": container.name,
            "id": None,
            "image": None,
            "labels": {},
        }
    return source


def new_incarnation(source: Source) -> bytes:
    """8 bytes for one start of one process, never given twice."""
    birth = f"{time.time_ns()} {os.getpid()} {secrets.token_hex(8)}"
    return incarnation(source["id"], 0, birth.encode())
