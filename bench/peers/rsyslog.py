"""rsyslog with imfile, imkafka, omkafka, mmnormalize and omelasticsearch, from Debian.

A record is one line with the name of its file, which is the key too. *route* takes CRI and klog apart by liblognorm's
rules, JSON by its parser, and writes the tree as JSON; *index* passes that on as it is.
Guarantee, in its favour: queues are in memory and imfile's place in a file is kept by lines read, not by lines
delivered (disk queues, which would keep them, cost a write of each line).
Documentation: rsyslog.com/doc (configuration/modules/imfile, imkafka, omkafka, omelasticsearch, mmnormalize;
rainerscript/queue_parameters); liblognorm's "How to write a rulebase".
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench.peers import debian
from bench.peers.peer import Command, LeftOutError, Peer, Tool, version_of
from bench.peers.task import Site

MODULES: Final = "usr/lib/x86_64-linux-gnu/rsyslog"
QUEUE: Final = 'queue.type="LinkedList" queue.size="200000" queue.dequeueBatchSize="4096" queue.workerThreads="1"'
PRODUCE: Final = (
    '["compression.codec=lz4", "linger.ms=50", "batch.num.messages=10000", "queue.buffering.max.messages=500000"]'
)
CONSUME: Final = '["auto.offset.reset=earliest", "fetch.wait.max.ms=100", "queued.max.messages.kbytes=65536"]'
RULES: Final = """\
version=2
rule=:%file:word% %time:word% %stream:word% %tag:word% %json:json%
rule=:%file:word% %time:word% %stream:word% %tag:word% %head:word% %clock:word% %-:whitespace%%thread:number% \
%where:char-to:]%] "%msg:char-to:"%" %pairs:rest%
"""


def _find(given: Path | None) -> Tool:
    try:
        kafka = debian.program("rsyslog-kafka", "usr/sbin/rsyslogd")
        elastic = debian.program("rsyslog-elasticsearch", "usr/sbin/rsyslogd")
    except RuntimeError as error:
        raise LeftOutError(str(error)) from error
    path = str(given or kafka.path)
    environment = _joined(kafka.environment, elastic.environment)
    return Tool(Path(path), version_of([path, "-v"], environment), environment)


def _joined(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    """Both packages' libraries and modules, whether they are installed or unpacked."""
    libraries = [each for found in (first, second) for each in found.get("LD_LIBRARY_PATH", "").split(":") if each]
    roots = [Path(each).parent.parent.parent for each in libraries if "linux-gnu" in each]
    modules = [root / MODULES for root in [*roots, Path("/")] if (root / MODULES).is_dir()]
    return {
        "LD_LIBRARY_PATH": ":".join(dict.fromkeys(libraries)),
        "RSYSLOG_MODDIR": ":".join(map(str, dict.fromkeys(modules))),
    }


def _run(tool: Tool, site: Site, task: str, text: str) -> Command:
    header = f'global(workDirectory="{site.state(task)}" maxMessageSize="64k")\n'
    config = site.write(f"{task}.conf", header + textwrap.dedent(text))
    arguments = ("-n", "-f", str(config), "-i", str(site.folder / f"{task}.pid"))
    return Command((str(tool.path), *arguments), tool.environment)


def _produce(site: Site, topic: str, template: str) -> str:
    return (
        f'action(type="omkafka" broker="{site.bootstrap_servers}" topic="{topic}" template="{template}"'
        f' key="source" dynaKey="on" partitions.auto="on" confParam={PRODUCE} topicConfParam=["acks=all"]'
        ' resubmitOnFailure="on" keepFailedMessages="on")'
    )


def _consume(site: Site, topic: str, group: str) -> str:
    return (
        f'input(type="imkafka" broker="{site.bootstrap_servers}" topic="{topic}" consumerGroup="{site.name}-{group}"'
        f' confParam={CONSUME} ruleset="work")'
    )


def _tail(tool: Tool, site: Site) -> Command:
    text = f"""\
        module(load="imfile" mode="inotify")
        module(load="omkafka")
        template(name="line" type="list") {{
          property(name="$!metadata!filename") constant(value=" ") property(name="msg")
        }}
        template(name="source" type="list") {{ property(name="$!metadata!filename") }}
        ruleset(name="work" {QUEUE}) {{ {_produce(site, site.raw, "line")} }}
        input(type="imfile" file="{site.glob}" tag="pod" addMetadata="on" persistStateInterval="10000"
              ruleset="work")
        """
    return _run(tool, site, "tail", text)


def _route(tool: Tool, site: Site) -> Command:
    rules = site.write("cri.rulebase", RULES)
    errors, others = site.routed
    text = f"""\
        module(load="imkafka")
        module(load="omkafka")
        module(load="mmnormalize")
        template(name="line" type="list") {{ property(name="$!all-json") }}
        template(name="source" type="list") {{ property(name="$!file") }}
        ruleset(name="work" {QUEUE}) {{
          action(type="mmnormalize" rulebase="{rules}" useRawMsg="on")
          set $.letter = substring($!head, 0, 1);
          if ($!json!level == "error" or $!json!level == "fatal" or $.letter == "E") then {{
            {_produce(site, errors, "line")}
          }} else if ($!json!level == "warn" or $.letter == "W") then {{
            {_produce(site, others, "line")}
          }}
        }}
        {_consume(site, site.raw, "route")}
        """
    return _run(tool, site, "route", text)


def _index(tool: Tool, site: Site) -> Command:
    address = urlsplit(site.elasticsearch_url)
    errors, others = site.routed
    text = f"""\
        module(load="imkafka")
        module(load="omelasticsearch")
        template(name="document" type="list") {{ property(name="rawmsg") }}
        ruleset(name="work" {QUEUE}) {{
          action(type="omelasticsearch" server="{address.hostname}" serverPort="{address.port}" template="document"
                 searchIndex="{site.index}" searchType="" esVersion.major="8" bulkMode="on" maxBytes="5m"
                 errorFile="{site.folder}/index.errors")
        }}
        {_consume(site, errors, "index")}
        {_consume(site, others, "index")}
        """
    return _run(tool, site, "index", text)


PEER = Peer(
    name="rsyslog",
    find=_find,
    tasks={"tail": _tail, "route": _route, "index": _index},
    guarantee="queues in memory: what is in them is lost",
)
