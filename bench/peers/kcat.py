"""kcat, from Debian: the raw limit of putting lines into Kafka one record each. It parses nothing and routes nothing.

``cat FILES | kcat -P``: no checkpoint, no file name, no key; whatever reads files, keeps its place in them and says
where a line is from must cost more, unless it puts more than one line into a record.
Documentation: kcat(1); librdkafka's CONFIGURATION.md for the properties behind ``-X``.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from bench.peers import debian
from bench.peers.peer import Command, LeftOutError, Peer, Tool, version_of
from bench.peers.task import Site

PROPERTIES = (
    "compression.codec=lz4",
    "enable.idempotence=true",  # implies acks=all
    "linger.ms=50",
    "batch.num.messages=10000",
    "queue.buffering.max.messages=500000",
)


def _find(given: Path | None) -> Tool:
    if given:
        return Tool(given, _version(str(given), {}))
    try:
        program = debian.program("kcat", "usr/bin/kcat")
    except RuntimeError as error:
        raise LeftOutError(str(error)) from error
    return Tool(Path(program.path), _version(program.path, program.environment), program.environment)


def _version(path: str, environment: dict[str, str]) -> str:
    return version_of(["sh", "-c", f"{shlex.quote(path)} -V | grep -i version"], environment)


def _tail(tool: Tool, site: Site) -> Command:
    produce = [str(tool.path), "-P", "-b", site.bootstrap_servers, "-t", site.raw]
    for each in PROPERTIES:
        produce += ["-X", each]
    # it ends when it is through, and what has ended can no longer be measured
    script = f"cat {site.glob} | {shlex.join(produce)}; exec sleep 600"
    return Command(("sh", "-c", script), tool.environment)


PEER = Peer(
    name="kcat",
    find=_find,
    tasks={"tail": _tail},
    guarantee="no checkpoint: all is read again or what was under way is lost",
)
