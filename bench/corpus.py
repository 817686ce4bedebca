"""What is measured: container log files as a node has them, 90 % JSON of about 180 bytes and 10 % klog text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.demo.lines import Profile
from deploy.demo.load import Load, LoadPlan
from deploy.demo.rotation import RotationLimits

FILES: Final = 8
KEPT_SHARE: Final = 0.3
"""So much is at WARN or above: what the stream task keeps."""


@dataclass(frozen=True)
class Corpus:
    """Generated files."""

    root: Path
    lines: int
    size: int
    """Bytes."""

    def files(self) -> list[Path]:
        """All of them."""
        return sorted((self.root / "var/log/pods").rglob("*.log"))


def generate(root: Path, lines: int) -> Corpus:
    """Write ``lines`` lines into FILES container log files under ``root``, without rotation."""
    unrotated = RotationLimits(max_bytes=1 << 40)
    plan = LoadPlan(files=FILES, lines=lines, profile=Profile(warn_share=KEPT_SHARE), rotation=unrotated)
    summary = Load(root, plan, "bench").write()
    return Corpus(root, lines, summary["bytes"])
