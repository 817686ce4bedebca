"""Pipelines on the secured broker, and lines for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bench.pipeline import Pipeline

LINES = 50

PipelineOf = Callable[[str, dict[str, Any]], Pipeline]
"""Makes a pipeline for a listener and properties; its topics are made without security."""


def make_pipeline(folder: Path, name: str, open_address: str, address: str, properties: dict[str, Any]) -> Pipeline:
    """A pipeline whose topics are made at ``open_address``, and whose stages come to ``address``."""
    folder.mkdir()
    pipeline = Pipeline(folder, name, open_address, "http://127.0.0.1:9")
    come_by(pipeline, address, properties)
    return pipeline


def come_by(pipeline: Pipeline, address: str, properties: dict[str, Any]) -> None:
    """Write into the settings of a pipeline how its stages come to Kafka from their next start on."""
    settings = yaml.safe_load(pipeline.config.read_text())
    settings["kafka"] = {"bootstrap_servers": address, "properties": properties}
    pipeline.config.write_text(yaml.safe_dump(settings))


def write_lines(pipeline: Pipeline) -> None:
    """Log files as the kubelet lays them out."""
    log = pipeline.node / "var/log/pods/default_shop-1_11111111-2222-3333-4444-555555555555/web/0.log"
    link = pipeline.node / f"var/log/containers/shop-1_default_web-{'c' * 64}.log"
    for place in (log, link):
        place.parent.mkdir(parents=True)
    log.write_text("".join(f"2026-01-02T03:04:05.{number:09}Z stdout F line {number}\n" for number in range(LINES)))
    link.symlink_to(log)


def wait_for(look: Callable[[], bool], what: Callable[[], str], secs: float = 30.0) -> None:
    """Wait until something is so; fails with ``what`` is to be seen instead."""
    until = time.monotonic() + secs
    while not look():
        assert time.monotonic() < until, what()
        time.sleep(0.05)
