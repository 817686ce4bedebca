"""Fluent Bit, where it is installed: Debian 12 has no package of it.

A record between its stages is JSON with one line and the name of its file. *route* uses parsers by expression for CRI
and klog and the one for JSON, ``grep`` for what is kept, ``rewrite_tag`` for the way.
Guarantee, in its favour: chunks in memory (``storage.type: filesystem`` would write each first); the tail input's place
in a file is kept by lines read. The Kafka input commits what it handed on.
Documentation: docs.fluentbit.io, "Administration / Configuration file (YAML)" and the pages of inputs tail and kafka,
filters parser, nest, grep and rewrite_tag, outputs kafka and es. Written by it; not run
where the figures in docs/benchmarks.md are from.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from bench.peers.peer import Command, Configure, Peer, Tool, on_path
from bench.peers.task import Site

PARSERS: Final = r"""
[PARSER]
    Name   cri-line
    Format regex
    Regex  ^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<tag>[FP]) (?<log>.*)$
[PARSER]
    Name   json-line
    Format json
[PARSER]
    Name   klog-line
    Format regex
    Regex  ^(?<level>[IWEF])\d{4} [0-9:.]+ +\d+ (?<logger>[^\]]+)\] "(?<msg>[^"]*)"(?<pairs>.*)$
"""
ERRORS: Final = "^(error|fatal|E)$"
KEPT: Final = "^(warn|error|fatal|W|E)$"


def _to_kafka(site: Site, match: str, topic: str) -> dict[str, Any]:
    return {
        "name": "kafka",
        "match": match,
        "brokers": site.bootstrap_servers,
        "topics": topic,
        "format": "json",
        "queue_full_retries": 0,  # it waits for as long as it takes
        "rdkafka.compression.codec": "lz4",
        "rdkafka.enable.idempotence": "true",
        "rdkafka.linger.ms": 50,
        "rdkafka.queue.buffering.max.messages": 500_000,
    }


def _from_kafka(site: Site, task: str, topics: str) -> dict[str, Any]:
    return {
        "name": "kafka",
        "tag": "in",
        "brokers": site.bootstrap_servers,
        "topics": topics,
        "group_id": f"{site.name}-{task}",
        "format": "json",
        "poll_ms": 100,
        "rdkafka.auto.offset.reset": "earliest",
        "mem_buf_limit": "64MB",
    }


def _tail(site: Site) -> dict[str, Any]:
    files = {
        "name": "tail",
        "tag": "in",
        "path": site.glob,
        "path_key": "file",
        "read_from_head": True,
        "db": str(site.state("tail") / "tail.db"),
        "mem_buf_limit": "64MB",
        "buffer_chunk_size": "256k",
        "buffer_max_size": "1M",
    }
    return {"inputs": [files], "outputs": [_to_kafka(site, "in", site.raw)]}


def _lifted() -> dict[str, Any]:
    return {"name": "nest", "match": "in", "operation": "lift", "nested_under": "payload"}


def _parser(*names: str) -> dict[str, Any]:
    return {
        "name": "parser",
        "match": "in",
        "key_name": "log",
        "parser": list(names),
        "reserve_data": True,
        "preserve_key": True,
    }


def _route(site: Site) -> dict[str, Any]:
    errors, others = site.routed
    filters = [
        _lifted(),
        _parser("cri-line") | {"preserve_key": False},
        _parser("json-line", "klog-line"),
        {"name": "grep", "match": "in", "regex": f"level {KEPT}"},
        {"name": "rewrite_tag", "match": "in", "rule": f"$level {ERRORS} errors false"},
    ]
    outputs = [_to_kafka(site, "errors", errors), _to_kafka(site, "in", others)]
    return {"inputs": [_from_kafka(site, "route", site.raw)], "filters": filters, "outputs": outputs}


def _index(site: Site) -> dict[str, Any]:
    host, _, port = site.elasticsearch_url.rpartition("//")[2].partition(":")
    output = {
        "name": "es",
        "match": "in",
        "host": host,
        "port": int(port or 9200),
        "index": site.index,
        "suppress_type_name": True,
        "buffer_size": "1M",
        "workers": 2,
    }
    return {
        "inputs": [_from_kafka(site, "index", ",".join(site.routed))],
        "filters": [_lifted()],
        "outputs": [output],
    }


_PARTS: Final = {"tail": _tail, "route": _route, "index": _index}


def settings(task: str, site: Site) -> dict[str, Any]:
    """The configuration of a task."""
    service = {"flush": 1, "log_level": "warn", "parsers_file": str(site.folder / "parsers.conf")}
    return {"service": service, "pipeline": _PARTS[task](site)}


def _started(task: str) -> Configure:
    def command(tool: Tool, site: Site) -> Command:
        site.write("parsers.conf", PARSERS)
        config = site.write(f"{task}.yaml", yaml.safe_dump(settings(task, site), sort_keys=False))
        return Command((str(tool.path), "-c", str(config)))

    return command


PEER = Peer(
    name="fluent-bit",
    find=on_path("fluent-bit", "--version"),
    tasks={task: _started(task) for task in _PARTS},
    guarantee="chunks in memory: what is in them is lost",
)
