"""Where the files of each kind of input lie: which log a path belongs to, and whose it is.

One more kind is a class here and a line in LAYOUTS.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from producers.chunk import Source, source_of
from producers.core.files.container_names import (
    ContainerIdentity,
    PodName,
    container_id_of_link,
    container_of_folder,
    log_file_name,
)
from producers.core.files.docker_config import docker_container
from producers.core.files.log_names import LogFileName, logs_in, rotated_name
from producers.core.files.volume_paths import volume_of_path
from producers.files.formats import CRI, DOCKER, Format, text_format
from producers.files.log_file import open_in_volume
from producers.files.volumes import PodFolders
from schemas.identity import source_id

if TYPE_CHECKING:
    from schemas.settings import ContainerFilesInput, DockerFilesInput, FilesInput

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """The log that a path belongs to."""

    folder: str
    log: str
    """Name of the log in its folder; empty where a folder holds one log."""
    restart: int = 0
    container_id: str | None = None
    """As the link names it."""
    pod: PodName | None = None
    """Who has it in a volume. Known from the first look on, for the folders that tell it go with their pod."""


class Layout(Protocol):
    """What is particular to one kind of input."""

    form: Format
    needs_folder: bool
    """Whose log it is stands in its folder, and is not known any more when that has gone."""

    def place(self, path: str) -> Place | str:
        """The log that a path belongs to, or why it belongs to none."""

    def source(self, place: Place) -> Source:
        """Whose log it is."""

    def logs(self, entries: list[str], known: Iterable[str], /) -> Mapping[str, Mapping[str, LogFileName]]:
        """The logs of a folder: name as in Place -> files. ``known``: names of logs met before."""


def _names(entries: list[str], form: Format) -> Mapping[str, Mapping[str, LogFileName]]:
    return {"": {entry: name for entry in entries if (name := form.name(entry))}}


def _container(identity: ContainerIdentity, **more: Any) -> dict[str, Any]:
    return {
        "namespace": identity.namespace,
        "pod": identity.pod,
        "pod_uid": identity.pod_uid,
        "name": identity.container,
        "id": None,
        **more,
    }


class ContainerLayout:
    """``/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restart>.log`` and the links to it."""

    needs_folder = False

    def __init__(self, settings: ContainerFilesInput, node: str) -> None:
        self.form = CRI
        self._node = node
        self._tag = settings.tag

    def place(self, path: str) -> Place | str:
        """As Layout says."""
        target = os.path.realpath(path)
        folder, _, name = target.rpartition("/")
        parsed = log_file_name(name)
        if container_of_folder(folder) is None or parsed is None:
            return f"it leads to {target}, which is not …/<namespace>_<pod>_<uid>/<container>/<n>.log"
        return Place(folder, "", parsed.restart, container_id_of_link(path.rpartition("/")[2]))

    def source(self, place: Place) -> Source:
        """As Layout says."""
        identity = container_of_folder(place.folder)
        assert identity is not None, "place() let only such folders pass"
        words = (identity.namespace, identity.pod, identity.pod_uid, identity.container)
        source = source_of(
            source_id(self._node, "container_files", *words), self._node, "container_files", "cri", tag=self._tag
        )
        return source | {"container": _container(identity)}

    def logs(self, entries: list[str], _known: Iterable[str], /) -> Mapping[str, Mapping[str, LogFileName]]:
        """As Layout says."""
        return _names(entries, self.form)


class DockerLayout:
    """``/var/lib/docker/containers/<id>/<id>-json.log`` with ``config.v2.json`` beside it."""

    needs_folder = True

    def __init__(self, settings: DockerFilesInput, node: str) -> None:
        self.form = DOCKER
        self._node = node
        self._tag = settings.tag

    def place(self, path: str) -> Place | str:
        """As Layout says."""
        target = os.path.realpath(path)
        folder, _, name = target.rpartition("/")
        if self.form.name(name) is None:
            return f"it leads to {target}, which is not …/<container id>/<container id>-json.log"
        return Place(folder, "")

    def source(self, place: Place) -> Source:
        """As Layout says. Without a readable config.v2.json the container's id is all that is known."""
        identity = place.folder.rpartition("/")[2]
        config = Path(place.folder) / "config.v2.json"
        try:
            described: Any = json.loads(config.read_bytes())
        except (OSError, ValueError) as error:
            _log.warning("%s cannot be read, so the container is known by its id alone: %s", config, error)
            described = {}
        container = docker_container(identity, described)
        tag = self._tag or (None if container["namespace"] else f"docker.{container['name']}")
        source = source_of(
            source_id(self._node, "docker_files", identity), self._node, "docker_files", "docker", tag=tag
        )
        return source | {"container": container}

    def logs(self, entries: list[str], _known: Iterable[str], /) -> Mapping[str, Mapping[str, LogFileName]]:
        """As Layout says."""
        return _names(entries, self.form)


class TextLayout:
    """Any text files, each log with its rotated copies beside it."""

    needs_folder = False

    def __init__(self, settings: FilesInput, node: str) -> None:
        self.form = text_format(settings.encoding)
        self._node = node
        self._settings = settings

    def place(self, path: str) -> Place | str:
        """As Layout says."""
        if os.path.isdir(path):  # noqa: PTH112 - hot for many files
            return "it is a folder"
        folder, _, name = path.rpartition("/")
        rotated = rotated_name(name)
        if rotated is None:
            return Place(folder, name)
        if rotated.certain or os.path.lexists(f"{folder}/{rotated.base}"):
            return Place(folder, rotated.base)
        return Place(folder, name)

    def source(self, place: Place) -> Source:
        """As Layout says."""
        path, encoding, given = f"{place.folder}/{place.log}", self._settings.encoding, self._settings.container
        container, tag = None, self._settings.tag
        if given is None:  # not by the chunk's path, which is that of a rotated copy once in a while
            tag = tag or f"host.{place.log.removesuffix('.log')}"
        else:
            container = _container(ContainerIdentity(given.namespace, given.pod, given.pod_uid, given.name))
        # Pods have their own file systems: the same path in two of them is two logs.
        owner = () if given is None else (given.namespace, given.pod, given.pod_uid, given.name)
        source = source_of(
            source_id(self._node, "files", *owner, path), self._node, "files", "raw", tag=tag,
            encoding=None if encoding == "utf-8" else encoding,
        )  # fmt: skip
        return source | {"container": container}

    def logs(self, entries: list[str], known: Iterable[str], /) -> Mapping[str, Mapping[str, LogFileName]]:
        """As Layout says."""
        return logs_in(entries, known)


class VolumeLayout(TextLayout):
    """Text files that pods write into their emptyDir volumes, as the node sees them.

    ``/var/lib/kubelet/pods/<uid>/volumes/kubernetes.io~empty-dir/<volume>/…``: an emptyDir lives and dies with its pod,
    so that a file in it is never met again under another pod, as one in a persistent volume would be. A path does not
    say which container wrote: the tag ends with the volume's name, and the container has none.
    """

    def __init__(self, settings: FilesInput, node: str, pod_logs: str) -> None:
        super().__init__(settings, node)
        self.form = replace(self.form, open=open_in_volume)
        self._pods = PodFolders(pod_logs.rstrip("/"))

    def place(self, path: str) -> Place | str:
        """As Layout says."""
        place = super().place(path)
        if isinstance(place, str):
            return place
        volume = volume_of_path(path)
        if volume is None:
            return "it is in no volume: …/pods/<uid>/volumes/kubernetes.io~empty-dir/<volume>/…"
        try:
            pod = self._pods.pod(volume.pod_uid)
        except OSError as error:
            return f"whose it is stands in the names in {self._pods.folder}, which cannot be listed: {error.strerror}"
        if pod is None:
            return f"no folder in {self._pods.folder} is named after its pod {volume.pod_uid}"
        return replace(place, pod=pod)

    def source(self, place: Place) -> Source:
        """As Layout says."""
        volume, pod = volume_of_path(f"{place.folder}/{place.log}"), place.pod
        assert volume, "place() let only such paths pass"
        assert pod, "place() found it"
        tag = self._settings.tag or f"kube.{pod.namespace}.{pod.name}.{volume.name}"
        container = _container(ContainerIdentity(pod.namespace, pod.name, pod.uid, ""))
        return super().source(place) | {"tag": tag, "container": container}


def _text_layout(settings: FilesInput, node: str) -> Layout:
    return TextLayout(settings, node) if settings.pod_logs is None else VolumeLayout(settings, node, settings.pod_logs)


LAYOUTS: Final[Mapping[str, Callable[[Any, str], Layout]]] = {
    "container_files": ContainerLayout,
    "docker_files": DockerLayout,
    "files": _text_layout,
}
"""Type of input -> its layout, made of the input's settings and the node's name."""
