"""The OpenTelemetry Collector, built by its own builder from the Go module proxy with nothing but what the tasks need.

Records between its stages are OTLP, many lines in one. *route* finds CRI, JSON and klog by OTTL's ``ExtractPatterns``
and ``ParseJSON``; a routing connector sends errors one way.
Guarantee, in its favour: sending queues are in memory (a persistent queue writes each batch to disk first), and what
the Kafka receiver hands to them counts as done.
Documentation: the READMEs of receiver/filelogreceiver, receiver/kafkareceiver, exporter/kafkaexporter,
exporter/elasticsearchexporter, processor/transformprocessor and connector/routingconnector in
opentelemetry-collector-contrib; config/exporterhelper for queues and batches; cmd/builder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from bench.peers import go
from bench.peers.forms import OTLP
from bench.peers.peer import Command, Configure, LeftOutError, Peer, Tool, version_of
from bench.peers.task import ERROR_LEVELS, KEPT_LEVELS, Site

VERSION: Final = "0.145.0"
"""Of those that were tried the newest whose modules, but for the Elasticsearch exporter, can be had and verified."""
Modules = Mapping[str, tuple[str, ...]]
CONTRIB: Final = "github.com/open-telemetry/opentelemetry-collector-contrib"
FOR_INDEX: Final = "exporter/elasticsearchexporter"
MODULES: Final[Modules] = {
    "receivers": (f"{CONTRIB}/receiver/filelogreceiver", f"{CONTRIB}/receiver/kafkareceiver"),
    "processors": (f"{CONTRIB}/processor/filterprocessor", f"{CONTRIB}/processor/transformprocessor"),
    "connectors": (f"{CONTRIB}/connector/routingconnector",),
    "exporters": (f"{CONTRIB}/exporter/kafkaexporter", f"{CONTRIB}/{FOR_INDEX}"),
    "extensions": (f"{CONTRIB}/extension/storage/filestorage",),
}
BATCH: Final = {"flush_timeout": "200ms", "min_size": 2000, "max_size": 2000, "sizer": "items"}
_REFUSED: Final = re.compile(r"(\S+@v[\w.]+?)(?:/go\.mod)?: reading (\S+): (.*)")


def _find(given: Path | None) -> Tool:
    if given:
        return Tool(given, version_of([str(given), "--version"]))
    lacks: dict[str, str] = {}
    try:
        try:
            path = _built(MODULES)
        except RuntimeError as error:
            if FOR_INDEX not in str(error):
                raise
            lacks = {"index": _reason(str(error))}
            path = _built({**MODULES, "exporters": MODULES["exporters"][:1]})
    except RuntimeError as error:
        raise LeftOutError(_reason(str(error))) from error
    return Tool(path, version_of([str(path), "--version"]), lacks=lacks)


def builder_config(output: Path, parts: Modules = MODULES) -> str:
    """What the builder reads."""
    modules = {kind: [{"gomod": f"{name} v{VERSION}"} for name in names] for kind, names in parts.items()}
    dist = {"name": "otelcol", "version": VERSION, "output_path": str(output)}
    return yaml.safe_dump({"dist": dist, **modules}, sort_keys=False)


def _built(parts: Modules) -> Path:
    def make(part: Path) -> None:
        part.mkdir(parents=True)
        config = part / "builder.yaml"
        config.write_text(builder_config(part / "sources", parts))
        environment = {"CGO_ENABLED": "0", "GOBIN": str(part)}
        go.run(["install", f"go.opentelemetry.io/collector/cmd/builder@v{VERSION}"], environment)
        go.run_program(part / "builder", ["--config", str(config)], environment)
        (part / "sources" / "otelcol").rename(part / "otelcol")

    said = hashlib.sha256(builder_config(Path(), parts).encode()).hexdigest()[:8]
    return go.made(f"otelcol-{VERSION}-{said}", make) / "otelcol"


def _reason(error: str) -> str:
    """Go's words in one line."""
    refused = _REFUSED.search(error)
    if refused:
        module, where, answer = refused[1].rsplit("/", 1)[1], refused[2], refused[3].strip()
        if "/sumdb/" in where:
            return f"cannot be built: {module} cannot be verified by the checksum database ({answer})"
        return f"cannot be built: {module} is refused by the module proxy ({answer})"
    return f"cannot be built: {error.strip().splitlines()[-1][:200]}"


def settings(task: str, site: Site) -> dict[str, Any]:
    """The configuration of a task."""
    return _PARTS[task](site) | {"extensions": {"file_storage": {"directory": str(site.state(task))}}}


def _service(pipelines: dict[str, Any]) -> dict[str, Any]:
    telemetry = {"metrics": {"level": "none"}, "logs": {"level": "warn"}}
    return {"extensions": ["file_storage"], "telemetry": telemetry, "pipelines": pipelines}


def _to_kafka(site: Site, topic: str) -> dict[str, Any]:
    return {
        "brokers": [site.bootstrap_servers],
        "logs": {"topic": topic, "encoding": "otlp_proto"},
        "producer": {"compression": "lz4", "required_acks": -1, "max_message_bytes": 4_000_000, "linger": "50ms"},
        "partition_logs_by_resource_attributes": True,
        "sending_queue": {
            "num_consumers": 2,
            "queue_size": 20_000,
            "sizer": "items",
            "block_on_overflow": True,
            "batch": BATCH,
        },
    }


def _from_kafka(site: Site, task: str, *topics: str) -> dict[str, Any]:
    return {
        "brokers": [site.bootstrap_servers],
        "logs": {"topics": list(topics), "encoding": "otlp_proto"},
        "group_id": f"{site.name}-{task}",
        "initial_offset": "earliest",
        "message_marking": {"after": True},
    }


def _tail(site: Site) -> dict[str, Any]:
    files = {
        "include": [site.glob],
        "start_at": "beginning",
        "include_file_path": True,
        "storage": "file_storage",
        "operators": [{"type": "move", "from": 'attributes["log.file.path"]', "to": 'resource["log.file.path"]'}],
    }
    return {
        "receivers": {"filelog": files},
        "exporters": {"kafka": _to_kafka(site, site.raw)},
        "service": _service({"logs": {"receivers": ["filelog"], "exporters": ["kafka"]}}),
    }


CRI_LINE: Final = r"^(?P<time>[^ ]+) (?P<stream>stdout|stderr) (?P<tag>[FP]) (?P<log>.*)$"
KLOG_LINE: Final = r'^(?P<level>[IWEF])\d{4} [0-9:.]+ +\d+ (?P<logger>[^\]]+)\] "(?P<msg>[^"]*)"(?P<pairs>.*)$'


def _statements() -> list[str]:
    cri, klog = (pattern.replace("\\", "\\\\").replace('"', '\\"') for pattern in (CRI_LINE, KLOG_LINE))
    return [
        f'merge_maps(log.attributes, ExtractPatterns(log.body, "{cri}"), "upsert")',
        'set(log.body, log.attributes["log"])',
        'delete_key(log.attributes, "log")',
        'merge_maps(log.attributes, ParseJSON(log.body), "upsert") where IsMatch(log.body, "^\\\\{")',
        f'merge_maps(log.attributes, ExtractPatterns(log.body, "{klog}"), "upsert") '
        'where not IsMatch(log.body, "^\\\\{")',
    ]


def _is_one_of(levels: tuple[str, ...], attributes: str = "log.attributes") -> str:
    return " or ".join(f'{attributes}["level"] == "{level}"' for level in levels)


def _route(site: Site) -> dict[str, Any]:
    errors, others = site.routed
    kept = _is_one_of((*KEPT_LEVELS, "W", "E"), "attributes")  # the filter's paths have no context before them
    connector = {
        "default_pipelines": ["logs/others"],
        "table": [{"context": "log", "condition": _is_one_of((*ERROR_LEVELS, "E")), "pipelines": ["logs/errors"]}],
    }
    ways = {
        "logs/in": {"receivers": ["kafka"], "processors": ["transform", "filter"], "exporters": ["routing"]},
        "logs/errors": {"receivers": ["routing"], "exporters": ["kafka/errors"]},
        "logs/others": {"receivers": ["routing"], "exporters": ["kafka/others"]},
    }
    return {
        "receivers": {"kafka": _from_kafka(site, "route", site.raw)},
        "processors": {
            "transform": {"error_mode": "ignore", "log_statements": _statements()},
            "filter": {"error_mode": "ignore", "logs": {"log_record": [f"not ({kept})"]}},
        },
        "connectors": {"routing": connector},
        "exporters": {"kafka/errors": _to_kafka(site, errors), "kafka/others": _to_kafka(site, others)},
        "service": _service(ways),
    }


def _index(site: Site) -> dict[str, Any]:
    exporter = {
        "endpoints": [site.elasticsearch_url],
        "logs_index": site.index,
        "mapping": {"mode": "none"},
        "compression": "none",
        "sending_queue": {
            "num_consumers": 4,
            "queue_size": 20_000,
            "sizer": "items",
            "block_on_overflow": True,
            "batch": BATCH,
        },
    }
    return {
        "receivers": {"kafka": _from_kafka(site, "index", *site.routed)},
        "exporters": {"elasticsearch": exporter},
        "service": _service({"logs": {"receivers": ["kafka"], "exporters": ["elasticsearch"]}}),
    }


_PARTS: Final = {"tail": _tail, "route": _route, "index": _index}


def _collector(task: str) -> Configure:
    def command(tool: Tool, site: Site) -> Command:
        config = site.write(f"{task}.yaml", yaml.safe_dump(settings(task, site), sort_keys=False))
        return Command((str(tool.path), "--config", str(config)))

    return command


PEER = Peer(
    name="otel-collector",
    find=_find,
    tasks={task: _collector(task) for task in _PARTS},
    guarantee="sending queues in memory: what is in them is lost",
    forms={"tail": OTLP, "route": OTLP},
)
