"""Inputs that read files: of containers (CRI, Docker) and any others."""

import codecs
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.settings.parts import AbsolutePath, Section, mistake


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise mistake(
            f"{name!r} is no encoding that Python knows", "write for example latin-1, cp1252, utf-16-le"
        ) from (None)


class _Files(Section):
    """What all inputs that read files have in common."""

    exclude: tuple[str, ...] = ()
    """Globs over the same paths; what matches is not read, for example */logferry-*.log against a loop."""

    start_at: Literal["beginning", "end"] = "beginning"
    """Where to begin when this input runs for the first time. At the beginning, because lines written before the
    producer came up are logs too. Files that appear later are read whole, those with a checkpoint from there."""


class ContainerFilesInput(_Files):
    """Container logs as the kubelet and a CRI runtime write them."""

    type: Literal["container_files"]
    """The kind of input."""

    path: AbsolutePath = "/var/log/containers/*.log"
    """Glob over the live files or the links to them; their names say namespace, pod and container."""

    tag: Annotated[str, Field(min_length=1)] | None = None
    """Tag of every line; by default kube.<namespace>.<pod>.<container>."""


class DockerFilesInput(_Files):
    """Container logs as Docker's json-file driver writes them."""

    type: Literal["docker_files"]
    """The kind of input."""

    path: AbsolutePath = "/var/lib/docker/containers/*/*-json.log"
    """Glob over the live files. Names, image and labels are read from config.v2.json beside each."""

    tag: Annotated[str, Field(min_length=1)] | None = None
    """Tag of every line; by default kube.<namespace>.<pod>.<container> for a container of Kubernetes, else
    docker.<name>."""


class ContainerOfFiles(Section):
    """The container whose program writes files, where the producer runs beside it (Kubernetes' downward API)."""

    namespace: Annotated[str, Field(min_length=1)]
    """Namespace of the pod (fieldRef metadata.namespace)."""

    pod: Annotated[str, Field(min_length=1)]
    """Name of the pod (metadata.name)."""

    pod_uid: str = ""
    """Uid of the pod (metadata.uid). Labels and images are found by it; without it records have none."""

    name: Annotated[str, Field(min_length=1)]
    """Name of the container in the pod."""


class FilesInput(_Files):
    """Any text files: logs of system components, of programs outside containers, audit logs."""

    type: Literal["files"]
    """The kind of input."""

    path: AbsolutePath | tuple[AbsolutePath, ...] = "/var/log/*.log"
    """Glob over the live files, or a list of them; ** stands for any folders. Rotated copies beside a live file
    (.1, .2.gz, -20261121, .2026-11-21T01-02-03…) belong to it and need no glob of their own."""

    tag: Annotated[str, Field(min_length=1)] | None = None
    """Tag of every line; by default host.<file>, or kube.<namespace>.<pod>.<container> where `container` is set."""

    container: ContainerOfFiles | None = None
    """Whose lines these are. For a sidecar (`logferry relay` sets it); null on a node: files belong to the host."""

    pod_logs: AbsolutePath | None = None
    """Kubelet's folder of container logs, /var/log/pods: with it the files are those that pods write into their
    emptyDir volumes (/var/lib/kubelet/pods/*/volumes/kubernetes.io~empty-dir/<volume>/…). The path has the pod's uid,
    this folder its namespace and name. Null: files belong to the host."""

    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    """Encoding of the text. Bytes travel as they are; the stream stage decodes them."""

    @model_validator(mode="after")
    def _of_one_or_of_many(self) -> Self:
        if self.pod_logs is not None and self.container is not None:
            raise mistake("`container` and `pod_logs` say both whose files these are", "leave one of them out")
        return self
