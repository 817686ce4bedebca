"""The part of Kubernetes' objects that the demo understands. What is not named here is refused.

Members without a docstring are Kubernetes' own. Source: the API reference of Kubernetes 1.36.
"""

# ruff: noqa: D101 - the classes are Kubernetes', by its names
from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

ReadOver = Any
"""Says where a pod runs, how safely, or whether it is healthy: without meaning for a process on this machine."""


class _Object(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Metadata(_Object):
    name: str = ""
    namespace: str = "default"
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class ObjectField(_Object):
    field_path: Annotated[
        str,
        Field(
            pattern=r"^(metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['[^']+'\]"
            r"|spec\.nodeName|status\.(hostIP|podIP))$"
        ),
    ]
    api_version: ReadOver = None


class ConfigMapKey(_Object):
    name: str
    key: str
    optional: bool = False


class ValueFrom(_Object):
    field_ref: ObjectField | None = None
    config_map_key_ref: ConfigMapKey | None = None


class Variable(_Object):
    name: str
    value: str = ""
    value_from: ValueFrom | None = None


class ConfigMapName(_Object):
    name: str


class VariablesFrom(_Object):
    config_map_ref: ConfigMapName
    prefix: str = ""


class VolumeMount(_Object):
    name: str
    mount_path: str
    read_only: ReadOver = None


class Container(_Object):
    name: str
    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    env_from: tuple[VariablesFrom, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    image_pull_policy: ReadOver = None
    liveness_probe: ReadOver = None
    ports: ReadOver = None
    readiness_probe: ReadOver = None
    resources: ReadOver = None
    security_context: ReadOver = None
    startup_probe: ReadOver = None
    termination_message_policy: ReadOver = None


class InitContainer(Container):
    restart_policy: Literal["Always"] | None = None


class ConfigMapFiles(_Object):
    name: str
    default_mode: ReadOver = None


class HostFolder(_Object):
    path: str
    type: Literal["", "Directory", "DirectoryOrCreate"] = ""


class Volume(_Object):
    name: str
    empty_dir: ReadOver = None
    config_map: ConfigMapFiles | None = None
    host_path: HostFolder | None = None


class PodBody(_Object):
    containers: Annotated[tuple[Container, ...], Field(min_length=1)]
    init_containers: tuple[InitContainer, ...] = ()
    volumes: tuple[Volume, ...] = ()
    restart_policy: Literal["Always", "OnFailure", "Never"] = "Always"
    termination_grace_period_seconds: float | None = None
    affinity: ReadOver = None
    automount_service_account_token: ReadOver = None
    enable_service_links: ReadOver = None
    node_selector: ReadOver = None
    priority_class_name: ReadOver = None
    security_context: ReadOver = None
    service_account_name: ReadOver = None
    tolerations: ReadOver = None
    topology_spread_constraints: ReadOver = None


class PodTemplate(_Object):
    metadata: Metadata = Metadata()
    spec: PodBody


class _Named(_Object):
    api_version: str
    metadata: Metadata


class Pod(_Named):
    kind: Literal["Pod"]
    spec: PodBody


class WorkloadBody(_Object):
    replicas: Annotated[int, Field(ge=0)] = 1
    template: PodTemplate
    selector: ReadOver = None
    service_name: ReadOver = None
    strategy: ReadOver = None
    update_strategy: ReadOver = None
    revision_history_limit: ReadOver = None


class Workload(_Named):
    kind: Literal["Deployment", "DaemonSet", "StatefulSet"]
    spec: WorkloadBody


class JobBody(_Object):
    template: PodTemplate
    backoff_limit: ReadOver = None
    ttl_seconds_after_finished: ReadOver = None


class Job(_Named):
    kind: Literal["Job"]
    spec: JobBody


class ConfigMap(_Named):
    kind: Literal["ConfigMap"]
    data: dict[str, str] = {}
    immutable: ReadOver = None


class Namespace(_Named):
    kind: Literal["Namespace"]


Manifest = Annotated[Pod | Workload | Job | ConfigMap | Namespace, Field(discriminator="kind")]
