"""The three tasks, and what a program that is to do one of them is told.

======  =============================================================================  ====================
task    what has to be done                                                            a line is
======  =============================================================================  ====================
tail    read container log files as they are and put every line into Kafka             a line in a file
route   from Kafka: take CRI, JSON and klog apart, keep WARN and above (30 %), put
        ERROR and above into one topic and the rest of it into another                 a line in a file
index   from those two topics into Elasticsearch                                       a record
======  =============================================================================  ====================

Each program's *route* reads what its own *tail* wrote, and its *index* what its own *route* wrote, in the format that
suits it best: a chunk of many lines for one is a record of one line for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

TASKS: Final[dict[str, str]] = {
    "tail": "files to Kafka",
    "route": "Kafka, parse, keep 30 %, route, Kafka",
    "index": "Kafka to Elasticsearch",
}
"""In the order in which they feed each other."""

PARTITIONS: Final = 4
ERROR_LEVELS: Final = ("error", "fatal")
KEPT_LEVELS: Final = ("warn", *ERROR_LEVELS)
"""Levels of JSON lines that are kept; of klog lines W and E, of which E is an error."""


@dataclass(frozen=True)
class Site:
    """Where one program works in one round; nobody else uses these topics, this index and this folder."""

    name: str
    """Prefix of topics, groups and indices."""
    folder: Path
    """For its configuration, checkpoints and log; exists."""
    files: Path
    """Root of the node's files."""
    pods: tuple[dict[str, object], ...]
    """What the pod watcher would say of the pods."""
    bootstrap_servers: str
    elasticsearch_url: str

    @property
    def glob(self) -> str:
        """Pattern of the container log files."""
        return f"{self.files}/var/log/pods/*/*/*.log"

    @property
    def raw(self) -> str:
        """Topic that *tail* fills."""
        return f"{self.name}.raw"

    @property
    def routed(self) -> tuple[str, str]:
        """Topics that *route* fills: errors and above, and what is below."""
        return f"{self.name}.errors", f"{self.name}.app"

    @property
    def index(self) -> str:
        """Index that *index* fills, or prefix of its indices."""
        return f"{self.name}-logs"

    def write(self, name: str, text: str) -> Path:
        """A file of configuration in the folder."""
        path = self.folder / name
        path.write_text(text)
        return path

    def state(self, name: str) -> Path:
        """An empty folder for checkpoints."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path
