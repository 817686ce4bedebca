"""A plain Faust application, as bench/peers/plain_faust.py has it: the record-at-a-time way to do it in Python."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.peers.peer import Command, Configure, LeftOutError, Peer, Tool
from bench.peers.task import Site


def _find(_given: Path | None) -> Tool:
    try:
        return Tool(Path(sys.executable), f"faust-streaming {version('faust-streaming')}")
    except PackageNotFoundError as error:
        raise LeftOutError("faust-streaming is not installed: pip install 'logferry[streams]'") from error


def _worker(task: str) -> Configure:
    def command(tool: Tool, site: Site) -> Command:
        worker = ("-m", "faust", "-A", "bench.peers.plain_faust:app", "--datadir", str(site.state("faust")))
        settings = {
            "TASK": task,
            "BROKER": site.bootstrap_servers,
            "NAME": f"{site.name}-{task}",
            "RAW": site.raw,
            "ROUTED": ",".join(site.routed),
            "ES": site.elasticsearch_url,
            "INDEX": site.index,
        }
        environment = {f"PLAIN_FAUST_{name}": value for name, value in settings.items()}
        return Command((str(tool.path), *worker, "worker", "--without-web", "-l", "warn"), environment)

    return command


PEER = Peer(
    name="plain-faust",
    find=_find,
    tasks={"route": _worker("route"), "index": _worker("index")},
    guarantee="what is under way is lost or doubled",
)
