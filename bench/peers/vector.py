"""Vector, where it is installed: Debian 12 has no package of it.

A record between its stages is JSON with one line and the name of its file. *route* takes lines apart by VRL
(``parse_regex``, ``parse_json``, ``parse_klog``), one ``filter`` keeps, one ``route`` parts.
Guarantee: end-to-end acknowledgements; nothing is lost, what was not yet acknowledged is sent twice.
Documentation: vector.dev/docs/reference/configuration: sources file and kafka, transforms remap, filter and route,
sinks kafka and elasticsearch. Written by it; not run where the figures in docs/benchmarks.md are from.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from bench.peers.peer import Command, Configure, Peer, Tool, on_path
from bench.peers.task import Site

PARSE: Final = r"""
line, broken = parse_json(.message)
if broken != null { abort }
. = object!(line)
cri, broken = parse_regex(.message, r'^(?P<time>[^ ]+) (?P<stream>stdout|stderr) (?P<tag>[FP]) (?P<log>.*)$')
if broken != null { abort }
del(.message)
. = merge(., cri)
parsed, broken = parse_json(.log)
if broken == null {
  . = merge(., object(parsed) ?? {})
} else {
  parsed, broken = parse_klog(.log)
  if broken == null { . = merge(., parsed) }
}
"""


def _to_kafka(site: Site, inputs: list[str], topic: str) -> dict[str, Any]:
    return {
        "type": "kafka",
        "inputs": inputs,
        "bootstrap_servers": site.bootstrap_servers,
        "topic": topic,
        "key_field": ".file",
        "compression": "lz4",
        "encoding": {"codec": "json"},
        "librdkafka_options": {
            "enable.idempotence": "true",
            "linger.ms": "50",
            "queue.buffering.max.messages": "500000",
        },
        "acknowledgements": {"enabled": True},
    }


def _from_kafka(site: Site, task: str, *topics: str) -> dict[str, Any]:
    return {
        "type": "kafka",
        "bootstrap_servers": site.bootstrap_servers,
        "topics": list(topics),
        "group_id": f"{site.name}-{task}",
        "auto_offset_reset": "earliest",
    }


def _tail(site: Site) -> dict[str, Any]:
    return {
        "sources": {
            "files": {"type": "file", "include": [site.glob], "read_from": "beginning", "max_read_bytes": 262_144}
        },
        "sinks": {"raw": _to_kafka(site, ["files"], site.raw)},
    }


def _route(site: Site) -> dict[str, Any]:
    errors, others = site.routed
    is_error = 'includes(["error", "fatal"], .level)'
    kept = 'includes(["warn", "warning", "error", "fatal"], .level)'
    return {
        "sources": {"raw": _from_kafka(site, "route", site.raw)},
        "transforms": {
            "parsed": {"type": "remap", "inputs": ["raw"], "source": PARSE, "drop_on_abort": True},
            "kept": {"type": "filter", "inputs": ["parsed"], "condition": kept},
            "way": {"type": "route", "inputs": ["kept"], "route": {"errors": is_error}},
        },
        "sinks": {
            "errors": _to_kafka(site, ["way.errors"], errors),
            "others": _to_kafka(site, ["way._unmatched"], others),
        },
    }


def _index(site: Site) -> dict[str, Any]:
    sink = {
        "type": "elasticsearch",
        "inputs": ["documents"],
        "endpoints": [site.elasticsearch_url],
        "api_version": "v8",
        "mode": "bulk",
        "bulk": {"index": site.index, "action": "index"},
        "healthcheck": {"enabled": False},
        "acknowledgements": {"enabled": True},
    }
    parse = {"type": "remap", "inputs": ["routed"], "source": ". = object!(parse_json!(.message))"}
    return {
        "sources": {"routed": _from_kafka(site, "index", *site.routed)},
        "transforms": {"documents": parse},
        "sinks": {"search": sink},
    }


_PARTS: Final = {"tail": _tail, "route": _route, "index": _index}


def settings(task: str, site: Site) -> dict[str, Any]:
    """The configuration of a task."""
    return {"data_dir": str(site.state(task))} | _PARTS[task](site)


def _started(task: str) -> Configure:
    def command(tool: Tool, site: Site) -> Command:
        config = site.write(f"{task}.yaml", yaml.safe_dump(settings(task, site), sort_keys=False))
        return Command((str(tool.path), "--quiet", "--config", str(config)))

    return command


PEER = Peer(
    name="vector",
    find=on_path("vector", "--version"),
    tasks={task: _started(task) for task in _PARTS},
    guarantee="nothing lost, what was not acknowledged is doubled",
)
