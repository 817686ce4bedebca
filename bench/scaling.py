"""What a line costs as partitions, files, workers, routes and rules grow: 1, 10, 100 and 1000 times.

::

    python -m bench.scaling                          # everything
    python -m bench.scaling routes rules --lines 300000

==========  =====================================================  ==============================
dimension   what grows                                             what is measured
==========  =====================================================  ==============================
files       containers on the node, with the same lines in all     produce, stream
partitions  partitions of the raw topic and of the routed one      produce, stream
routes      routes, of which only the last one takes the lines     stream
rules       minimum severities, of which only the last one applies stream
live-rules  the same as live rules, out of logs.control            stream
workers     stream workers, each with partitions of its own        stream, while all are busy
==========  =====================================================  ==============================

A row's ``times`` is its CPU seconds per million lines over those of the dimension's first row.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.corpus import FILES, Corpus, generate
from bench.measure import Figures
from bench.pipeline import Pipeline
from bench.tasks import CHANGES, produce, stream, stream_together
from deploy.cli.output import print_json, print_table
from deploy.local.stack import Stack
from deploy.rules.change import Wish, rule_value
from deploy.rules.topic import ControlTopic
from schemas.errors import SettingsError

TIMES: Final = (1, 10, 100, 1000)
PARTITIONS: Final = (1, 10, 100, 1000)
WORKERS: Final = (1, 2, 4, 8)
"""Beyond the number of cores they only share what one would have."""


@dataclass(frozen=True)
class Site:
    """Where everything is measured."""

    folder: Path
    bootstrap_servers: str
    elasticsearch_url: str
    lines: int

    def pipeline(self, name: str, source: str = "", **changes: Any) -> Pipeline:
        """One with topics of its own, or those of ``source``."""
        unique = f"scaling{os.getpid()}{name}"
        given = {"stream": {"pod_wait_secs": 0}, **CHANGES, **changes}
        return Pipeline(
            self.folder / unique, unique, self.bootstrap_servers, self.elasticsearch_url, source=source, **given
        )

    @contextmanager
    def shipped(self) -> Iterator[tuple[Pipeline, Corpus]]:
        """A pipeline whose raw topic has the lines."""
        with self.pipeline(f"s{time.monotonic_ns()}") as pipeline:
            corpus = generate(pipeline.node, self.lines, pipeline.settings.topics.partitions)
            pipeline.publish_pods(corpus.pods)
            produce(pipeline, corpus)
            yield pipeline, corpus


Measured = Iterator[tuple[int, Figures]]
"""How much there was of what grows, and what it cost."""


def files(site: Site) -> Measured:
    """Files that are read side by side."""
    for times in TIMES:
        with site.pipeline(f"f{times}") as pipeline:
            corpus = generate(pipeline.node, site.lines, pipeline.settings.topics.partitions, FILES * times)
            pipeline.publish_pods(corpus.pods)
            yield FILES * times, produce(pipeline, corpus)
            yield FILES * times, stream(pipeline, corpus)


def partitions(site: Site) -> Measured:
    """Partitions of every topic, with as many containers as fill them, 80 at least."""
    for count in PARTITIONS:
        with site.pipeline(f"p{count}", topics={"partitions": count}) as pipeline:
            corpus = generate(pipeline.node, site.lines, count, max(80, count))
            pipeline.publish_pods(corpus.pods)
            yield count, produce(pipeline, corpus)
            yield count, stream(pipeline, corpus)


def routes(site: Site) -> Measured:
    """Routes in the settings."""
    with site.shipped() as (shipped, corpus):
        for times in TIMES:
            name = f"r{times}"
            topic = f"scaling{os.getpid()}{name}.app"
            others = [{"match": f"kube.ns-{n:04d}.**", "topic": topic} for n in range(times - 1)]
            given = [*others, {"match": "kube.**", "topic": topic}]
            with site.pipeline(name, shipped.index, routes=given) as pipeline:
                yield times, stream(pipeline, corpus)


def rules(site: Site) -> Measured:
    """Minimum severities in the settings."""
    with site.shipped() as (shipped, corpus):
        for times in TIMES:
            given = [*_levels(times - 1), *CHANGES["severity"]]
            with site.pipeline(f"l{times}", shipped.index, severity=given) as pipeline:
                yield times, stream(pipeline, corpus)


def live_rules(site: Site) -> Measured:
    """Minimum severities in logs.control."""
    with site.shipped() as (shipped, corpus):
        written = 0
        for times in TIMES:
            _publish(shipped, _levels(times)[written:])
            written = times
            with site.pipeline(f"c{times}", shipped.index) as pipeline:
                yield times, stream(pipeline, corpus)


def _levels(count: int) -> list[dict[str, str]]:
    return [{"match": f"kube.ns-{n:04d}.**", "minimum": "error"} for n in range(count)]


def _publish(pipeline: Pipeline, levels: list[dict[str, str]]) -> None:
    with ControlTopic(pipeline.settings) as topic:
        versions = topic.read()
        wishes = (Wish("severity", level, None, "bench", "measuring", None) for level in levels)
        values = [rule_value(wish, versions, pipeline.settings, time.time_ns()) for wish in wishes]
        topic.write([(value["id"], value) for value in values])


def workers(site: Site) -> Measured:
    """Workers on one machine."""
    with site.pipeline("w", topics={"partitions": 8}) as pipeline:
        corpus = generate(pipeline.node, site.lines, 8)
        pipeline.publish_pods(corpus.pods)
        produce(pipeline, corpus)
        for count in WORKERS:
            yield count, stream_together(count)(pipeline, corpus)


DIMENSIONS: Final[dict[str, Callable[[Site], Measured]]] = {
    "files": files,
    "partitions": partitions,
    "routes": routes,
    "rules": rules,
    "live-rules": live_rules,
    "workers": workers,
}


def rows(site: Site, names: list[str]) -> Iterator[dict[str, Any]]:
    """A row for each amount of each dimension."""
    for name in names:
        first: dict[str, float] = {}
        for amount, figures in DIMENSIONS[name](site):
            row = figures.as_row()
            task = row["task"].rstrip("0123456789")
            cost = row["cpu_secs_per_million"]
            first.setdefault(task, cost)
            yield {"dimension": name, "amount": amount, **row, "times": round(cost / first[task], 2)}


def main() -> None:
    """By command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description="What a line costs as things grow.")
    parser.add_argument("dimensions", nargs="*", help=", ".join(DIMENSIONS))
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--folder", type=Path, help="where files and the servers' data go; removed afterwards")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    names = asked.dimensions or list(DIMENSIONS)
    if unknown := [name for name in names if name not in DIMENSIONS]:
        raise SettingsError(f"nothing of {', '.join(unknown)} can grow", remedy=f"choose from {', '.join(DIMENSIONS)}")
    place = Path(tempfile.mkdtemp(prefix="logferry-scaling-", dir=asked.folder))
    place.chmod(0o755)
    found: list[dict[str, Any]] = []
    try:
        with Stack(place / "servers", servers=("kafka",)) as stack:
            site = Site(place, stack.endpoints.bootstrap_servers, "http://localhost:9200", asked.lines)
            for row in rows(site, names):
                found.append(row)
                if sys.stderr.isatty():
                    sys.stderr.write(f"… {row['dimension']} {row['amount']}: {row['cpu_secs_per_million']}\n")
    finally:
        shutil.rmtree(place, ignore_errors=True)
        (print_json if asked.json else print_table)(found)  # also what was measured before something went wrong


if __name__ == "__main__":
    main()
