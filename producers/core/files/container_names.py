"""Where Kubernetes writes container logs, and what the names say.

``/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restart>.log`` is the live file of a container; kubelet renames it
to ``<restart>.log.YYYYMMDD-HHMMSS`` and later compresses that to ``….gz`` (through ``….gz.tmp``).
``/var/log/containers/<pod>_<namespace>_<container>-<container id>.log`` is a link to the live file.
Source: kubelet, pkg/kubelet/kuberuntime/helpers.go (BuildPodLogsDirectory) and legacy.go (legacyLogSymlink).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from producers.core.files.log_names import LogFileName

_POD_FOLDER = re.compile(r"(?P<namespace>[^_/]+)_(?P<pod>[^_/]+)_(?P<uid>[^_/]+)")
_LOG_FILE = re.compile(r"(?P<restart>\d+)\.log(?:\.(?P<rotated>\d{8}-\d{6}(?:-\d+)?)(?P<gz>\.gz)?)?")
_LINK = re.compile(r"(?P<pod>[^_/]+)_(?P<namespace>[^_/]+)_(?P<container>.+)-(?P<id>[0-9a-f]{64})\.log")


@dataclass(frozen=True)
class ContainerIdentity:
    """Whose output a folder of log files holds."""

    namespace: str
    pod: str
    pod_uid: str
    container: str


@dataclass(frozen=True)
class PodName:
    """The pod that a folder in /var/log/pods is named after."""

    namespace: str
    name: str
    uid: str


def pod_of_folder(name: str) -> PodName | None:
    """The pod of a folder called ``<namespace>_<pod>_<uid>``; None for any other name."""
    match = _POD_FOLDER.fullmatch(name)
    return None if match is None else PodName(match["namespace"], match["pod"], match["uid"])


def container_of_folder(folder: str) -> ContainerIdentity | None:
    """The container of ``…/<namespace>_<pod>_<uid>/<container>``; None for any other folder."""
    parts = folder.rstrip("/").rsplit("/", 2)
    match = _POD_FOLDER.fullmatch(parts[-2]) if len(parts) >= 2 else None
    if match is None or not parts[-1]:
        return None
    return ContainerIdentity(match["namespace"], match["pod"], match["uid"], parts[-1])


def log_file_name(name: str) -> LogFileName | None:
    """The parts of a log file's name; None for anything else, a half-compressed ``.tmp`` among it."""
    match = _LOG_FILE.fullmatch(name)
    if match is None:
        return None
    rotated = match["rotated"] or ""
    return LogFileName(int(match["restart"]), not rotated, rotated, match["gz"] is not None)


def container_id_of_link(name: str) -> str | None:
    """The container id at the end of a link's name in /var/log/containers."""
    match = _LINK.fullmatch(name)
    return match["id"] if match else None


_DOCKER_FILE = re.compile(r"(?P<id>[0-9a-f]{64})-json\.log(?:\.(?P<number>\d{1,4})(?P<gz>\.gz)?)?")


def docker_file_name(name: str) -> LogFileName | None:
    """The parts of a file's name in ``/var/lib/docker/containers/<id>``; None for anything else.

    The json-file driver numbers rotated files, the newest 1, and may compress them (``max-file``, ``compress``).
    Source: moby, daemon/logger/loggerutils/logfile.go (rotate).
    """
    match = _DOCKER_FILE.fullmatch(name)
    if match is None:
        return None
    rotated = "" if match["number"] is None else f"#{9999 - int(match['number']):04d}"
    return LogFileName(0, not rotated, rotated, match["gz"] is not None)
