"""Elasticsearch, one node on loopback without security: the core distribution as the project itself tests with.

It has no data streams, no ILM, no `wildcard` fields and no answer to `GET /`. It never runs as root; see `users`.
What starts is its small launcher, which starts the server proper as its child and ends with it.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from deploy.local.ports import answers
from deploy.local.processes import Launch
from deploy.local.server import Place, Tools
from deploy.local.users import make_folder, write_text

NAME: Final = "elasticsearch"
TRANSPORT: Final = "elasticsearch-transport"
USES: Final = (NAME, TRANSPORT)

HEALTH_TIMEOUT_SECS: Final = 3
HEAP_LEAST_MB: Final = 512
HEAP_MOST_MB: Final = 1024

LOG_SETTINGS: Final = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC} %p %c{1.}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""


def settings(place: Place) -> dict[str, object]:
    """The node's elasticsearch.yml."""
    return {
        "cluster.name": cluster_name(place),
        "node.name": "local",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": place.ports[NAME],
        "transport.port": place.ports[TRANSPORT],
        "path.data": str(place.folder / "data"),
        "path.logs": str(place.folder / "logs"),
        "xpack.security.enabled": False,
        "cluster.routing.allocation.disk.threshold_enabled": False,  # a full disk must not turn indices read-only
        "action.destructive_requires_name": True,
        "action.auto_create_index": True,
    }


def heap_mb(memory_bytes: int) -> int:
    """An eighth of the machine's memory, within what a toy needs and what a benchmark is glad of."""
    return min(HEAP_MOST_MB, max(HEAP_LEAST_MB, memory_bytes // 8 // 1024**2))


def cluster_name(place: Place) -> str:
    """By which the node's answers are recognised."""
    return f"logferry-{place.name}"


@dataclass(frozen=True)
class Elasticsearch:
    """The node at its place."""

    place: Place

    def prepare(self, tools: Tools) -> None:
        """Write the settings; the node wants to write beside them (its keystore)."""
        for name in ("config", "config/jvm.options.d", "data", "logs", "tmp"):
            make_folder(self.place.folder / name, self.place.user)
        (self._config / "elasticsearch.keystore.tmp").unlink(missing_ok=True)  # of a killed start; the next refuses it
        lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings(self.place).items())
        write_text(self._config / "elasticsearch.yml", lines)
        write_text(self._config / "log4j2.properties", LOG_SETTINGS)
        write_text(self._config / "jvm.options", _jvm_options(_home(tools) / "config/jvm.options"))

    def launch(self, tools: Tools) -> Launch:
        """The distribution's own start script."""
        heap = heap_mb(psutil.virtual_memory().total)
        return Launch(
            command=[str(_home(tools) / "bin/elasticsearch")],
            environment={
                "ES_JAVA_HOME": str(tools.java_home),
                "ES_JAVA_OPTS": f"-Xms{heap}m -Xmx{heap}m",
                "ES_PATH_CONF": str(self._config),
                "ES_TMPDIR": str(self.place.folder / "tmp"),
            },
            folder=self.place.folder,
            log=self.place.log,
            user=self.place.user,
        )

    def is_ready(self) -> bool:
        """Whether this stack's node says that every primary shard can be written."""
        if not answers(self.place.ports[NAME]):
            return False
        health = get_json(self.place.ports[NAME], "/_cluster/health?wait_for_status=yellow&timeout=1s")
        return health.get("cluster_name") == cluster_name(self.place) and health.get("status") in ("yellow", "green")

    @property
    def _config(self) -> Path:
        return self.place.folder / "config"


def _home(tools: Tools) -> Path:
    assert tools.distribution.home is not None  # it comes as an archive
    return tools.distribution.home


def _jvm_options(theirs: Path) -> str:
    """Their options without a module that the wheel's Java lacks, and with the log of garbage collections off."""
    unusable = ("jdk.incubator.vector", "-Xlog:gc", "-XX:ErrorFile")
    lines = [line for line in theirs.read_text().splitlines() if not any(word in line for word in unusable)]
    return "\n".join([*lines, "-XX:ErrorFile=hs_err_pid%p.log", ""])


def get_json(port: int, path: str) -> dict[str, Any]:
    """A server's JSON answer; an empty one if it gives none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HEALTH_TIMEOUT_SECS)
    try:
        connection.request("GET", path)
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {}
