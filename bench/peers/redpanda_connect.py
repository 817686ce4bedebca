"""Redpanda Connect (Benthos), where it is installed: the module proxy answers 403 for the versions of its module.

It reads files to their ends rather than following them, which costs it less. Records between its stages are lines,
with their file as key. *route* is one Bloblang mapping and a ``switch`` output.
Guarantee: it acknowledges what was delivered; nothing is lost, what was not yet committed is sent twice.
Documentation: docs.redpanda.com/redpanda-connect: inputs file and kafka_franz, processor mapping, outputs kafka_franz,
switch and elasticsearch_v8, Bloblang. Written by it; not run where the figures in docs/benchmarks.md are from.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from bench.peers.peer import Command, Configure, Peer, Tool, on_path
from bench.peers.task import Site

BATCHING: Final = {"count": 2000, "period": "200ms"}
PARSE: Final = r"""
let cri = content().string().re_find_object("^(?P<time>[^ ]+) (?P<stream>stdout|stderr) (?P<tag>[FP]) (?P<log>.*)$")
let log = $cri.log
let klog = "^(?P<level>[IWEF])[0-9]{4} [0-9:.]+ +[0-9]+ (?P<logger>[^\\]]+)\\] \"(?P<msg>[^\"]*)\"(?P<pairs>.*)$"
let parsed = if $log.has_prefix("{") { $log.parse_json().catch({}) } else { $log.re_find_object($klog) }
root = if ["warn", "error", "fatal", "W", "E"].contains($parsed.level | "") { $cri.merge($parsed) } else { deleted() }
"""
IS_ERROR: Final = '["error", "fatal", "E"].contains(this.level)'


def _to_kafka(site: Site, topic: str, key: str) -> dict[str, Any]:
    settings = {
        "seed_brokers": [site.bootstrap_servers],
        "topic": topic,
        "key": key,
        "compression": "lz4",
        "idempotent_write": True,
        "max_in_flight": 64,
        "batching": BATCHING,
    }
    return {"kafka_franz": settings}


def _from_kafka(site: Site, task: str, *topics: str) -> dict[str, Any]:
    settings = {
        "seed_brokers": [site.bootstrap_servers],
        "topics": list(topics),
        "consumer_group": f"{site.name}-{task}",
        "start_from_oldest": True,
        "checkpoint_limit": 16_384,
        "batching": BATCHING,
    }
    return {"kafka_franz": settings}


def _tail(site: Site) -> dict[str, Any]:
    return {
        "input": {"file": {"paths": [site.glob], "scanner": {"lines": {}}}},
        "output": _to_kafka(site, site.raw, "${! @path }"),
    }


def _route(site: Site) -> dict[str, Any]:
    errors, others = site.routed
    cases = [
        {"check": IS_ERROR, "output": _to_kafka(site, errors, "${! @kafka_key }")},
        {"output": _to_kafka(site, others, "${! @kafka_key }")},
    ]
    return {
        "input": _from_kafka(site, "route", site.raw),
        "pipeline": {"processors": [{"mapping": PARSE}]},
        "output": {"switch": {"cases": cases}},
    }


def _index(site: Site) -> dict[str, Any]:
    settings = {
        "urls": [site.elasticsearch_url],
        "index": site.index,
        "action": "index",
        "id": "",
        "batching": BATCHING,
    }
    return {"input": _from_kafka(site, "index", *site.routed), "output": {"elasticsearch_v8": settings}}


_PARTS: Final = {"tail": _tail, "route": _route, "index": _index}


def settings(task: str, site: Site) -> dict[str, Any]:
    """The configuration of a task."""
    return {"http": {"enabled": False}, "logger": {"level": "WARN"}} | _PARTS[task](site)


def _started(task: str) -> Configure:
    def command(tool: Tool, site: Site) -> Command:
        config = site.write(f"{task}.yaml", yaml.safe_dump(settings(task, site), sort_keys=False))
        return Command((str(tool.path), "run", str(config)))

    return command


PEER = Peer(
    name="redpanda-connect",
    find=on_path("redpanda-connect", "--version"),
    tasks={task: _started(task) for task in _PARTS},
    guarantee="nothing lost, what was not acknowledged is doubled",
)
