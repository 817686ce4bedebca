"""Filebeat and Logstash, where they are installed: Debian 12 has no package of either.

Neither does *index*: both first ask ``GET /`` who answers, which the Elasticsearch distribution of the local stack does
not know. Filebeat does *tail* and *route* with JSON records; Logstash *route*, on lines.
Guarantee: Filebeat's registry keeps a place in a file when its lines were delivered, Logstash's queue is in memory.
Documentation: elastic.co/docs/reference: Filebeat (filestream and Kafka inputs, dissect, decode_json_fields,
drop_event, Kafka output), Logstash (Kafka input and output, dissect, json and grok filters). Written by it; not run
where the figures in docs/benchmarks.md are from.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from bench.peers.peer import Command, Peer, Tool, on_path
from bench.peers.task import Site

KLOG: Final = r"^(?<level>[IWEF])\d{4} [0-9:.]+ +\d+ (?<logger>[^\]]+)\] \"(?<msg>[^\"]*)\"(?<pairs>.*)$"
KEPT: Final = ("warn", "error", "fatal")


def _filebeat(
    site: Site, task: str, source: dict[str, Any], processors: list[Any], topics: dict[str, Any]
) -> dict[str, Any]:
    output = {
        "hosts": [site.bootstrap_servers],
        "key": "%{[log.file.path]}",
        "compression": "lz4",
        "required_acks": -1,
        "bulk_max_size": 4096,
        "max_message_bytes": 1_000_000,
    }
    return {
        "filebeat.inputs": [source],
        "processors": processors,
        "queue.mem": {"events": 16_384, "flush.min_events": 4096, "flush.timeout": "0.2s"},
        "output.kafka": output | topics,
        "path.data": str(site.state(task)),
        "logging.level": "warning",
    }


def filebeat_settings(task: str, site: Site) -> dict[str, Any]:
    """The configuration of a task of Filebeat."""
    if task == "tail":
        source = {"type": "filestream", "id": site.name, "paths": [site.glob], "file_identity.native": None}
        return _filebeat(site, task, source, [], {"topic": site.raw})
    source = {
        "type": "kafka",
        "hosts": [site.bootstrap_servers],
        "topics": [site.raw],
        "group_id": f"{site.name}-route",
    }
    errors, others = site.routed
    levels = [{"equals": {"log.level": level}} for level in (*KEPT, "W", "E")]
    processors = [
        {"decode_json_fields": {"fields": ["message"], "target": "", "overwrite_keys": True}},
        {"dissect": {"tokenizer": "%{time} %{stream} %{tag} %{text}", "field": "message", "target_prefix": "cri"}},
        {"decode_json_fields": {"fields": ["cri.text"], "target": "log"}},
        {
            "dissect": {
                "tokenizer": "%{head} %{clock} %{rest}",
                "field": "cri.text",
                "target_prefix": "klog",
                "ignore_failure": True,
            }
        },
        {"script": {"lang": "javascript", "source": SCRIPT}},
        {"drop_event": {"when": {"not": {"or": levels}}}},
    ]
    way = [{"topic": errors, "when.or": levels[1:3] + levels[4:]}]
    return _filebeat(site, task, source | {"initial_offset": "oldest"}, processors, {"topic": others, "topics": way})


SCRIPT: Final = """\
function process(event) {
  var head = event.Get("klog.head");
  if (!event.Get("log.level") && head) { event.Put("log.level", head.charAt(0)); }
}
"""


def _filebeat_tail(tool: Tool, site: Site) -> Command:
    return _filebeat_command(tool, site, "tail")


def _filebeat_route(tool: Tool, site: Site) -> Command:
    return _filebeat_command(tool, site, "route")


def _filebeat_command(tool: Tool, site: Site, task: str) -> Command:
    config = site.write(f"{task}.yml", yaml.safe_dump(filebeat_settings(task, site), sort_keys=False))
    return Command((str(tool.path), "-e", "--strict.perms=false", "-c", str(config)))


def logstash_pipeline(site: Site) -> str:
    """The pipeline of *route*."""
    errors, others = site.routed
    kept = ", ".join(f'"{level}"' for level in (*KEPT, "W", "E"))
    kafka = f'bootstrap_servers => "{site.bootstrap_servers}" codec => json '
    kafka += 'compression_type => "lz4" acks => "all" linger_ms => 50'
    return f"""\
input {{
  kafka {{
    bootstrap_servers => "{site.bootstrap_servers}" topics => ["{site.raw}"]
    group_id => "{site.name}-route" auto_offset_reset => "earliest"
  }}
}}
filter {{
  dissect {{ mapping => {{ "message" => "%{{time}} %{{stream}} %{{tag}} %{{text}}" }} }}
  if [text] =~ /^{{/ {{ json {{ source => "text" }} }} else {{ grok {{ match => {{ "text" => "{KLOG}" }} }} }}
  if [level] not in [{kept}] {{ drop {{ }} }}
}}
output {{
  if [level] in ["error", "fatal", "E"] {{ kafka {{ {kafka} topic_id => "{errors}" }} }}
  else {{ kafka {{ {kafka} topic_id => "{others}" }} }}
}}
"""


def _logstash_route(tool: Tool, site: Site) -> Command:
    pipeline = site.write("route.logstash", logstash_pipeline(site))
    return Command(
        (str(tool.path), "-f", str(pipeline), "--path.data", str(site.state("route")), "--log.level", "warn")
    )


FILEBEAT = Peer(
    name="filebeat",
    find=on_path("filebeat", "version"),
    tasks={"tail": _filebeat_tail, "route": _filebeat_route},
    guarantee="nothing lost, what was not acknowledged is doubled",
)
LOGSTASH = Peer(
    name="logstash",
    find=on_path("logstash", "--version"),
    tasks={"route": _logstash_route},
    guarantee="its queue in memory: what is in it is lost",
)
