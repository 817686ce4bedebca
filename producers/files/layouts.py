"""Where the files of each kind of input lie: which log a path belongs to, and whose it is.

One more kind is a class here and a line in LAYOUTS.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from producers.chunk import Source, source_of
from producers.core.files.container_names import (
    ContainerIdentity,
    container_id_of_link,
    container_of_folder,
    log_file_name,
)
from producers.core.files.docker_config import docker_container
from producers.core.files.log_names import LogFileName, logs_in, rotated_name
from producers.files.formats import CRI, DOCKER, Format, text_format
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


class Layout(Protocol):
    """What is particular to one kind of input."""

    form: Format

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


LAYOUTS: Final[Mapping[str, Callable[[Any, str], Layout]]] = {
    "container_files": ContainerLayout,
    "docker_files": DockerLayout,
    "files": TextLayout,
}
"""Type of input -> its layout, made of the input's settings and the node's name."""
