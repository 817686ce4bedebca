"""One run of a producer in a process of its own, from signals to the last figures."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from schemas.handed_over import hand_over

if TYPE_CHECKING:
    from schemas.settings import Settings


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises LogferryError."""
    from producers.produce import NodeProducer
    from runtime.clock import end_when_set_back
    from runtime.kafka import count_errors
    from runtime.process import allow_many_files, ease_collector, follow_settings, set_up_logging, stop_on_signals
    from runtime.registry import prepare_codecs

    set_up_logging()
    follow_settings(settings, "producer")
    prepare_codecs(settings)
    stop = stop_on_signals()
    end_when_set_back()
    allow_many_files()
    producer = NodeProducer(settings)
    count_errors(lambda: producer.metrics.count("logferry_producer_errors_total", 1, "kafka"))
    producer.metrics.serve(settings.metrics, producer.health)
    ease_collector()
    try:
        producer.run(stop)
    finally:
        producer.metrics.snapshot()


def become(settings: Settings) -> NoReturn:
    """Replace this process by one that does nothing but `run`."""
    descriptor = os.memfd_create("logferry-settings", 0)
    os.write(descriptor, hand_over(settings))
    os.lseek(descriptor, 0, os.SEEK_SET)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", "producers", str(descriptor)])
