"""What is measured: container log files as a node has them, 90 % JSON of about 180 bytes and 10 % klog text.

The sources are spread evenly over the partitions of the raw topic, as many sources spread by themselves: by chance,
eight would give one of two workers most of the work, and say nothing about how they scale.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from aiokafka.partitioner import murmur2

from deploy.demo.lines import Profile
from deploy.demo.load import CONTAINER, Load, LoadPlan
from deploy.demo.rotation import RotationLimits
from schemas.identity import source_id

FILES: Final = 8
KEPT_SHARE: Final = 0.3
"""So much is at WARN or above: what the stream task keeps."""
NODE: Final = "node-1"


@dataclass(frozen=True)
class Corpus:
    """Generated files."""

    root: Path
    lines: int
    size: int
    """Bytes."""
    pods: list[dict[str, Any]]
    """What the pod watcher would say of their pods."""

    def files(self) -> list[Path]:
        """All of them."""
        return sorted((self.root / "var/log/pods").rglob("*.log"))


def generate(root: Path, lines: int, partitions: int, files: int = FILES) -> Corpus:
    """Write ``lines`` lines into so many container log files under ``root``, without rotation."""
    unrotated = RotationLimits(max_bytes=1 << 40)
    plan = LoadPlan(files=files, lines=lines, profile=Profile(warn_share=KEPT_SHARE), rotation=unrotated)
    _choose_pods(root, partitions, files)
    load = Load(root, plan, NODE)
    summary = load.write()
    return Corpus(root, lines, summary["bytes"], load.pods())


def _choose_pods(root: Path, partitions: int, files: int) -> None:
    """Give the pods uids by which their sources come to the partitions in turn."""
    pods = {}
    for index in range(files):
        name = f"load-{index:02d}"
        uids = (str(uuid.UUID(int=index << 64 | number)) for number in count())
        uid = next(uid for uid in uids if partition_of(name, uid, partitions) == index % partitions)
        pods[f"load/{name}"] = {"uid": uid, "containers": {}}
    known = root / "var/lib/kubelet/pods.json"
    known.parent.mkdir(parents=True)
    known.write_text(json.dumps(pods))


def partition_of(pod: str, uid: str, partitions: int) -> int:
    """Where Kafka's clients (murmur2) put the source of a pod."""
    key = source_id(NODE, "container_files", "load", pod, uid, CONTAINER.name)
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions
