"""Input ``container_files``: the logs of this node's containers, in the format that CRI runtimes write.

::

    inputs:
      containers: {type: container_files, path: /var/log/containers/*.log}

``path`` names links or the files themselves; whose they are is read from the folder they lie in. Delivery: every byte
at least once, in order for each container; record ids make the repetitions harmless.
"""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, Final

from producers.core.container_path import ContainerIdentity, container_id_of_link, container_of_folder, log_file_name
from producers.life import ReadLimits
from producers.source_tail import SourceTail
from schemas.identity import source_id

if TYPE_CHECKING:
    from producers.core.checkpoint import Marks
    from schemas.settings import ContainerFilesInput

_log = logging.getLogger(__name__)

KIND: Final = "container_files"


class ContainerFiles:
    """All containers that one input names."""

    def __init__(self, settings: ContainerFilesInput, node: str, marks: Marks, limits: ReadLimits) -> None:
        self._settings = settings
        self._node = node
        self._marks = marks
        self._limits = limits
        self._tails: dict[str, SourceTail] = {}
        """Folder -> tail."""
        self._from_end = settings.start_at == "end" and not marks
        self._strangers: set[str] = set()

    def scan(self, now: float, wall: float) -> None:
        """Find containers and files. ``now`` is monotonic, ``wall`` seconds since 1970."""
        for path in self._paths():
            self._meet(path)
        for folder, tail in list(self._tails.items()):
            tail.scan(now, wall, from_end=self._from_end)
            if tail.is_gone():
                del self._tails[folder]
        self._from_end = False

    def _paths(self) -> Iterator[str]:
        for path in glob.iglob(self._settings.path):  # noqa: PTH207 - hot for many files
            if not any(fnmatch(path, pattern) for pattern in self._settings.exclude):
                yield path

    def _meet(self, path: str) -> None:
        target = os.path.realpath(path)
        folder, _, name = target.rpartition("/")
        parsed = log_file_name(name)
        tail = self._tails.get(folder)
        if tail is None:
            container = container_of_folder(folder)
            if container is None or parsed is None:
                self._warn_of_stranger(path, target)
                return
            tail = self._tails[folder] = SourceTail(self._source(container), folder, self._marks, self._limits)
        container_id = container_id_of_link(os.path.basename(path))  # noqa: PTH119 - hot for many files
        if container_id and parsed:
            tail.container_ids[parsed.restart] = container_id

    def _source(self, container: ContainerIdentity) -> dict[str, Any]:
        identity = (container.namespace, container.pod, container.pod_uid, container.container)
        return {
            "id": source_id(self._node, KIND, *identity),
            "node": self._node,
            "kind": KIND,
            "framing": "cri",
            "tag": self._settings.tag,
            "container": {
                "namespace": container.namespace,
                "pod": container.pod,
                "pod_uid": container.pod_uid,
                "name": container.container,
                "id": None,
            },
        }

    def _warn_of_stranger(self, path: str, target: str) -> None:
        if path not in self._strangers:
            self._strangers.add(path)
            _log.warning(
                "%s is not read: it leads to %s, which is not …/<namespace>_<pod>_<uid>/<container>/<n>.log",
                path,
                target,
            )

    def tails(self) -> Iterable[SourceTail]:
        """The containers found so far."""
        return self._tails.values()

    def close(self) -> None:
        """Let go of all files."""
        for tail in self._tails.values():
            tail.close()
