"""The stages, each a process that runs until SIGTERM or Ctrl-C: ``produce``, ``stream``, ``sink NAME``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Config, Json, read_settings
from schemas.errors import SettingsError


def produce(
    config: Config = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what would be read, and why something would not.")
    ] = False,
    json: Json = False,
) -> None:
    """Ship this node's logs into Kafka."""
    _need("confluent_kafka", "producer")
    if check:
        from deploy.cli.produce_check import show_check

        show_check(read_settings(config), as_json=json)
        return
    from producers.run import become

    become(read_settings(config))


def stream(
    config: Config = None,
    *,
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Worker processes: one for each core that the stage may use.")
    ] = 1,
) -> None:
    """Parse, enrich, filter and route: workers of the stream stage."""
    _need("faust", "streams")
    if workers > 1:
        _run_workers(workers, config)
        return
    from runtime.clock import end_when_set_back
    from runtime.kafka import check_reachable
    from runtime.process import ease_collector, follow_settings, set_up_logging
    from runtime.registry import prepare_codecs
    from streams.app import run

    set_up_logging()
    settings = read_settings(config)
    follow_settings(settings, "stream")
    prepare_codecs(settings)
    check_reachable(settings.kafka)
    ease_collector()
    end_when_set_back()
    run(settings)


def _run_workers(count: int, config: Path | None) -> None:
    """A parent over workers that differ in the name by which Kafka knows them, and that answers for all of them."""
    import socket
    import sys

    from runtime.process import follow_settings, set_up_logging, stop_on_signals
    from runtime.workers import Worker, run_workers
    from runtime.workers_endpoint import WorkersEndpoint

    set_up_logging()
    settings = read_settings(config)
    follow_settings(settings, "stream")
    instance = settings.kafka.instance or socket.gethostname()
    workers, stop = [Worker(number) for number in range(count)], stop_on_signals()
    named = [] if config is None else ["--config", str(config)]
    with WorkersEndpoint(workers, settings.metrics) as endpoint:
        run_workers(
            workers,
            [sys.executable, "-P", "-m", "deploy.cli", "stream", *named],
            lambda number: {"LOGFERRY_KAFKA__INSTANCE": f"{instance}-{number}", **endpoint.environment(number)},
            stop,
            endpoint.health.beat,
        )


def sink(
    name: Annotated[str, typer.Argument(help="The sink's name in the settings.")],
    config: Config = None,
    *,
    ledger: Annotated[bool, typer.Option(hidden=True, help="Say in the ledger what became of records.")] = True,
) -> None:
    """Deliver routed records to one destination."""
    from runtime.clock import end_when_set_back
    from runtime.process import ease_collector, follow_settings, set_up_logging, stop_on_signals
    from runtime.registry import prepare_codecs
    from sinks.run import run

    set_up_logging()
    settings = read_settings(config)
    follow_settings(settings, f"sink/{name}")
    prepare_codecs(settings)
    ease_collector()
    end_when_set_back()
    run(name, settings, stop_on_signals(), tells_ledger=ledger)


def _need(module: str, extra: str) -> None:
    """Say which extra is missing rather than which module."""
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise SettingsError(
            f"this stage's packages are not installed: {module} is missing", remedy=f"pip install 'logferry[{extra}]'"
        )
