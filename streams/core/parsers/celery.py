"""Celery's worker and task log.

Samples: ``[2026-11-21 12:53:20,810: INFO/MainProcess] celery@host ready.``,
``[2026-11-21 12:53:20,810: WARNING/ForkPoolWorker-1] shop.add[d6d8c5a3-…]: slow``.

Source: celery.app.defaults, DEFAULT_PROCESS_LOG_FMT and DEFAULT_TASK_LOG_FMT.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, layout

PARSER: Final = layout(
    "celery",
    rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}: ",
    rb"\[(?P<time>"
    + DATE
    + rb" "
    + CLOCK
    + rb",\d{3}): (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL)/(?P<process>[^\]\n]{1,200})\] "
    rb"(?:(?P<task_name>[\w.]{1,200})\[(?P<task_id>[0-9a-f-]{36})\]: )?(?P<body>.*)",
    names={"process": "process.name"},
)
