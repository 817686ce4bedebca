"""logferry itself, each stage as people run it: ``logferry produce``, ``logferry stream``, ``logferry sink``.

Guarantee: nothing is lost and nothing doubled by a kill. Beyond what is asked of all, streams enrich every record with
its pod's labels, join partial lines, keep an account of every byte in ``logs.ledger`` and give each record the id by
which Elasticsearch knows it again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.peers.forms import CHUNK
from bench.peers.peer import Command, Configure, Peer, Tool
from bench.peers.task import Site
from bench.pipeline import Pipeline
from schemas.errors import TemporaryError

PUBLISH_ATTEMPTS: Final = 20


def _find(_given: Path | None) -> Tool:
    return Tool(Path(sys.executable), f"logferry {version('logferry')}")


def settings(site: Site) -> dict[str, Any]:
    """What differs from the settings of bench/pipeline.py."""
    errors, others = site.routed
    return {
        "inputs": {"containers": {"path": f"{site.files}/var/log/containers/*.log"}},
        "severity": [{"match": "**", "minimum": "warn"}],
        "routes": [
            {"match": "**", "minimum": "error", "topic": errors},
            {"match": "**", "topic": others},
        ],
        "sinks": {
            "search": {"topics": [errors, others], "index": f"{site.index}-%Y.%m.%d", "template_name": site.index}
        },
    }


def _stage(prepare: Callable[[Site], Pipeline], *arguments: str) -> Configure:
    def command(tool: Tool, site: Site) -> Command:
        config = prepare(site).config
        return Command((str(tool.path), "-m", "deploy.cli", *arguments, "--config", str(config)), _environment(site))

    return command


def _environment(site: Site) -> dict[str, str]:
    return {"LOGFERRY_METRICS__PORT": "0", "LOGFERRY_METRICS_SNAPSHOT": str(site.folder / "metrics.prom")}


def _made(site: Site) -> Pipeline:
    folder = site.folder / "logferry"
    pipeline = Pipeline(folder, site.name, site.bootstrap_servers, site.elasticsearch_url, **settings(site))
    if not (folder / "published").exists():
        _publish(pipeline, site)
        (folder / "published").touch()
    return pipeline


def _publish(pipeline: Pipeline, site: Site) -> None:
    """Again and again where Kafka is slow to take them: nothing is measured yet."""
    for attempt in range(1, PUBLISH_ATTEMPTS + 1):
        try:
            pipeline.publish_pods(site.pods)
            break
        except TemporaryError:
            if attempt == PUBLISH_ATTEMPTS:
                raise


PEER = Peer(
    name="logferry",
    find=_find,
    tasks={
        "tail": _stage(_made, "produce"),
        "route": _stage(_made, "stream"),
        "index": _stage(_made, "sink", "search"),
    },
    guarantee="nothing lost, nothing doubled",
    forms={"tail": CHUNK},
)
