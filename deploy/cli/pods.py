"""``pods``: metadata of a cluster's pods into `logs.pods`, until SIGTERM or Ctrl-C."""

from __future__ import annotations

from deploy.cli.options import Config, read_settings


def pods(config: Config = None) -> None:
    """Keep the metadata of the cluster's pods in Kafka: one of several watchers writes."""
    from producers.pods.watcher import PodWatcher
    from runtime.clock import end_when_set_back
    from runtime.kafka import check_reachable
    from runtime.process import follow_settings, set_up_logging, stop_on_signals
    from runtime.registry import prepare_codecs

    set_up_logging()
    settings = read_settings(config)
    follow_settings(settings, "pods")
    prepare_codecs(settings)
    check_reachable(settings.kafka)
    stop = stop_on_signals()
    end_when_set_back()
    watcher = PodWatcher(settings)
    watcher.metrics.serve(settings.metrics, watcher.health)
    try:
        watcher.run(stop)
    finally:
        watcher.metrics.snapshot()
